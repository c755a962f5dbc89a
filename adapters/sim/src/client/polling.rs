//! HTTP long-polling, and the way from it to a WebSocket.

use std::future::pending;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::{try_join, try_join3};
use klatch_core::engine::Segment;

use super::DisconnectReason;
use super::connection::{Connection, Incoming};
use super::http::{Http, Server};
use super::websocket::{self, WebSocket};

/// Stands between two packets of a body.
const SEPARATOR: char = '\u{1e}';

/// Opens a session, and speaks until it ends; over a WebSocket in the end if one is wanted.
pub(super) async fn run(
    connection: &Connection,
    server: &Server,
    upgrade: bool,
) -> DisconnectReason {
    match talk(connection, server, upgrade).await {
        Ok(websocket) => websocket::talk(connection, websocket).await,
        Err(ended) => ended,
    }
}

async fn talk(
    connection: &Connection,
    server: &Server,
    upgrade: bool,
) -> Result<WebSocket, DisconnectReason> {
    let mut http = Http::new(server.clone());
    receive(connection, &mut http, "transport=polling").await?;
    let sid = connection.sid();
    let query = format!("transport=polling&sid={sid}");
    let getting = get(connection, &mut http, &query);
    let posting = post(connection, server, &query);
    if !upgrade {
        try_join(getting, posting).await?;
        return Err(DisconnectReason::TransportClose);
    }
    let probing = async {
        match websocket::probe(server, &sid).await {
            Ok(websocket) => {
                connection.pause_polling();
                Ok(websocket)
            }
            // The session stays as it is.
            Err(_) => pending().await,
        }
    };
    let ((), (), mut websocket) = try_join3(getting, posting, probing).await?;
    websocket::finish_upgrade(connection, &mut websocket).await?;
    Ok(websocket)
}

/// Polls until the transport is paused.
async fn get(
    connection: &Connection,
    http: &mut Http,
    query: &str,
) -> Result<(), DisconnectReason> {
    while connection.polls().await {
        receive(connection, http, query).await?;
    }
    Ok(())
}

async fn receive(
    connection: &Connection,
    http: &mut Http,
    query: &str,
) -> Result<(), DisconnectReason> {
    let answer =
        http.exchange("GET", query, "").await.map_err(|_| DisconnectReason::TransportError)?;
    if answer.status != 200 {
        return Err(DisconnectReason::TransportError);
    }
    let body = String::from_utf8(answer.body).expect("a polling payload is text");
    for packet in body.split(SEPARATOR) {
        let incoming = match packet.strip_prefix('b') {
            Some(base64) => {
                let bytes = STANDARD.decode(base64).expect("a binary packet is base64");
                Incoming::Binary(bytes.into())
            }
            None => Incoming::Text(packet.to_owned().into()),
        };
        connection.receive(incoming)?;
    }
    Ok(())
}

/// Posts what there is to send until the transport is paused.
async fn post(
    connection: &Connection,
    server: &Server,
    query: &str,
) -> Result<(), DisconnectReason> {
    let mut http = Http::new(server.clone());
    while let Some(segments) = connection.segments().await {
        let packets: Vec<&[u8]> = segments.iter().map(polled).collect();
        let body = packets.join(&(SEPARATOR as u8));
        let body = String::from_utf8(body).expect("packets are text");
        let answer = http
            .exchange("POST", query, &body)
            .await
            .map_err(|_| DisconnectReason::TransportError)?;
        if answer.status != 200 {
            return Err(DisconnectReason::TransportError);
        }
        if connection.has_said_goodbye() {
            return Err(DisconnectReason::ClientDisconnect);
        }
    }
    Ok(())
}

fn polled(segment: &Segment) -> &[u8] {
    match segment {
        Segment::Text(text) => text,
        Segment::Binary(attachment) => attachment.segment(),
    }
}

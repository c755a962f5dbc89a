//! Between the types of Rocket and klatch's.

use std::io::Cursor;

use futures::future::ready;
use futures::{Sink, SinkExt as _, Stream, TryStreamExt as _};
use klatch::{Bytes, WebSocketMessage, http};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::response::{self, Responder};
use rocket::{Request, Response};
use rocket_ws::Message;
use rocket_ws::frame::CloseFrame;
use rocket_ws::result::Error;
use rocket_ws::stream::DuplexStream;

/// The head of a request of Rocket's as one of the crate `http`.
pub(crate) struct Head(pub(crate) http::Request<()>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Head {
    type Error = http::Error;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, http::Error> {
        let mut head = http::Request::builder()
            .method(request.method().as_str())
            .uri(request.uri().to_string());
        for header in request.headers().iter() {
            head = head.header(header.name().as_str(), header.value());
        }
        match head.body(()) {
            Ok(head) => Outcome::Success(Self(head)),
            Err(error) => Outcome::Error((Status::BadRequest, error)),
        }
    }
}

/// An answer of klatch's.
pub(crate) struct Answer(pub(crate) http::Response<Bytes>);

impl<'r> Responder<'r, 'static> for Answer {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let (head, body) = self.0.into_parts();
        let mut response = Response::build();
        response.status(Status::new(head.status.as_u16()));
        for (name, value) in &head.headers {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            response.raw_header(name.as_str().to_owned(), value);
        }
        response.sized_body(body.len(), Cursor::new(body)).ok()
    }
}

/// The messages of Rocket's WebSocket as klatch's; pings are answered before they come here.
pub(crate) fn messages(
    stream: DuplexStream,
) -> impl Stream<Item = Result<WebSocketMessage, Error>> + Sink<WebSocketMessage> {
    let written = stream.with(|message| {
        ready(Ok::<_, Error>(match message {
            WebSocketMessage::Text(text) => {
                Message::Text(String::from_utf8_lossy(&text).into_owned())
            }
            WebSocketMessage::Binary(bytes) => Message::Binary(bytes.into()),
            WebSocketMessage::Close(code) => {
                Message::Close(code.map(|code| CloseFrame { code: code.into(), reason: "".into() }))
            }
        }))
    });
    written.try_filter_map(|message| {
        ready(Ok(match message {
            Message::Text(text) => Some(WebSocketMessage::Text(text.into())),
            Message::Binary(bytes) => Some(WebSocketMessage::Binary(bytes.into())),
            Message::Close(frame) => {
                Some(WebSocketMessage::Close(frame.map(|frame| frame.code.into())))
            }
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => None,
        }))
    })
}

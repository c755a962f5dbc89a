//! As much of HTTP/1.1 as a client needs that polls.

use std::str;

/// A GET, or a POST with a body.
pub(crate) fn request(sid: Option<&str>, body: Option<&str>) -> String {
    let sid = sid.map_or_else(String::new, |sid| format!("&sid={sid}"));
    let head = |method| {
        format!("{method} /socket.io/?EIO=4&transport=polling{sid} HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    };
    match body {
        None => format!("{}\r\n", head("GET")),
        Some(body) => format!(
            "{}Content-Type: text/plain;charset=UTF-8\r\nContent-Length: {}\r\n\r\n{body}",
            head("POST"),
            body.len()
        ),
    }
}

/// A request for a WebSocket: to a session that polls, or to none.
pub(crate) fn upgrade(sid: Option<&str>) -> String {
    let sid = sid.map_or_else(String::new, |sid| format!("&sid={sid}"));
    // RFC 6455, section 1.3: any sixteen bytes will do for the key.
    format!(
        "GET /socket.io/?EIO=4&transport=websocket{sid} HTTP/1.1\r\nHost: 127.0.0.1\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// A whole answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Takes a whole answer off the front, if there is one; an error if that is none of HTTP.
pub(crate) fn answer(unread: &mut Vec<u8>) -> Result<Option<Answer>, String> {
    let Some(end) = unread.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = str::from_utf8(&unread[..end]).map_err(|error| error.to_string())?;
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status = status.ok_or_else(|| format!("an answer that begins with `{head}`"))?;
    let length = match status {
        // RFC 9112, section 6.3: these have no body.
        101 | 204 => 0,
        _ => length(head).ok_or_else(|| format!("an answer without a length: `{head}`"))?,
    };
    let Some(body) = unread.get(end + 4..end + 4 + length) else { return Ok(None) };
    let body = String::from_utf8_lossy(body).into_owned();
    unread.drain(..end + 4 + length);
    Ok(Some(Answer { status, body }))
}

fn length(head: &str) -> Option<usize> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::{Answer, answer, request};

    #[test]
    fn an_answer_is_taken_when_it_is_whole() {
        let whole = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        for end in 0..whole.len() {
            assert_eq!(answer(&mut whole[..end].to_vec()), Ok(None), "{end} bytes");
        }
        let mut unread = [&whole[..], b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x00"].concat();
        let ok = Answer { status: 200, body: "ok".to_owned() };
        assert_eq!(answer(&mut unread), Ok(Some(ok)));
        let switched = Answer { status: 101, body: String::new() };
        assert_eq!(answer(&mut unread), Ok(Some(switched)));
        assert_eq!(unread, b"\x81\x00");
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        assert!(answer(&mut b"\x81\x05hello\r\n\r\n".to_vec()).is_err());
        assert!(answer(&mut b"HTTP/1.1 200 OK\r\n\r\n".to_vec()).is_err());
    }

    #[test]
    fn a_post_says_how_long_it_is() {
        let post = request(Some("abc"), Some("3\u{1e}40"));
        assert!(post.starts_with("POST /socket.io/?EIO=4&transport=polling&sid=abc HTTP/1.1\r\n"));
        assert!(post.ends_with("Content-Length: 4\r\n\r\n3\u{1e}40"), "{post}");
    }
}

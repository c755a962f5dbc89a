//! The official client, handed out to pages as Node's server does.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::compression::Coding;
use crate::builder::ConfigError;

/// The files of `socket.io-client`'s folder `dist`. No other name is answered.
pub(crate) const FILES: [&str; 8] = [
    "socket.io.js",
    "socket.io.js.map",
    "socket.io.min.js",
    "socket.io.min.js.map",
    "socket.io.msgpack.min.js",
    "socket.io.msgpack.min.js.map",
    "socket.io.esm.min.js",
    "socket.io.esm.min.js.map",
];

/// The client's files, in memory.
pub(crate) struct Bundle {
    etag: HeaderValue,
    files: Vec<File>,
}

struct File {
    name: &'static str,
    plain: Bytes,
    /// Compressed when it is first asked for, once.
    gzip: OnceLock<Bytes>,
    deflate: OnceLock<Bytes>,
}

impl Bundle {
    /// Reads the files of the npm package in this folder.
    pub(crate) fn read(package: &Path) -> Result<Self, ConfigError> {
        let fault = |path: PathBuf, error: &dyn fmt::Display| ConfigError::ClientBundle {
            path,
            reason: error.to_string(),
        };
        let read = |path: PathBuf| std::fs::read(&path).map_err(|error| fault(path, &error));
        let manifest = package.join("package.json");
        let etag = version(&read(manifest.clone())?).map_err(|error| fault(manifest, &error))?;
        let files = FILES.into_iter().map(|name| {
            let plain = read(package.join("dist").join(name))?.into();
            Ok(File { name, plain, gzip: OnceLock::new(), deflate: OnceLock::new() })
        });
        Ok(Self { etag, files: files.collect::<Result<_, ConfigError>>()? })
    }

    /// The answer to a request for the file that a path ends in, if it is one of these.
    pub(super) fn answer<B>(&self, request: &http::Request<B>) -> Option<http::Response<Bytes>> {
        let name = request.uri().path().rsplit('/').next()?;
        let file = self.files.iter().find(|file| file.name == name)?;
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut answer = super::empty(StatusCode::METHOD_NOT_ALLOWED);
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Some(answer);
        }
        let mut answer = super::empty(StatusCode::OK);
        let headers = answer.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=0"));
        headers.insert(header::ETAG, self.etag.clone());
        headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        if self.is_known(request.headers()) {
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            return Some(answer);
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type()));
        let coding = Coding::negotiated(request.headers());
        if let Some(coding) = coding {
            coding.declare(headers);
        }
        *answer.body_mut() = file.body(coding);
        Some(answer)
    }

    /// Whether the client has this version.
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let lists = headers.get_all(header::IF_NONE_MATCH).into_iter();
        let mut tags = lists.flat_map(|list| list.as_bytes().split(|byte| *byte == b','));
        tags.any(|tag| {
            let tag = tag.trim_ascii();
            tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == self.etag.as_bytes()
        })
    }
}

impl File {
    fn content_type(&self) -> &'static str {
        match self.name.rsplit_once('.') {
            Some((_, "map")) => "application/json; charset=utf-8",
            _ => "application/javascript; charset=utf-8",
        }
    }

    fn body(&self, coding: Option<Coding>) -> Bytes {
        let (coding, kept) = match coding {
            None => return self.plain.clone(),
            Some(coding @ Coding::Gzip) => (coding, &self.gzip),
            Some(coding @ Coding::Deflate) => (coding, &self.deflate),
        };
        kept.get_or_init(|| coding.compress_at_once(&self.plain)).clone()
    }
}

/// The package's version, in quotes as an `ETag` is.
fn version(manifest: &[u8]) -> io::Result<HeaderValue> {
    #[derive(serde::Deserialize)]
    struct Manifest {
        name: String,
        version: String,
    }

    let Manifest { name, version } = serde_json::from_slice(manifest)?;
    if name != "socket.io-client" {
        return Err(io::Error::other(format!("it is the package {name}, not socket.io-client")));
    }
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < 4) {
        return Err(io::Error::other(format!("version {version} is too old: klatch speaks to 4")));
    }
    HeaderValue::try_from(format!("\"{version}\"")).map_err(io::Error::other)
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bundle").field("etag", &self.etag).finish_non_exhaustive()
    }
}

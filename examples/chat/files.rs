//! The built page, read once and handed out.

use std::collections::HashMap;
use std::path::Path;
use std::{fs, io};

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response, StatusCode, header};

/// The files of the page, by the path that asks for them.
pub(crate) struct Files(HashMap<String, (Bytes, &'static str)>);

impl Files {
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        let mut files = HashMap::new();
        collect(folder, "/", &mut files).map_err(|error| {
            let folder = folder.display();
            io::Error::new(
                error.kind(),
                format!("cannot read the page in {folder}: {error}; `cargo xtask chat` builds it"),
            )
        })?;
        Ok(Self(files))
    }

    pub(crate) fn answer(&self, request: &Parts) -> Response<Bytes> {
        let path = match request.uri.path() {
            "/" => "/index.html",
            path => path,
        };
        let found = self.0.get(path).filter(|_| request.method == Method::GET);
        let response = Response::builder();
        match found {
            Some((body, kind)) => response.header(header::CONTENT_TYPE, *kind).body(body.clone()),
            None => response.status(StatusCode::NOT_FOUND).body(Bytes::new()),
        }
        .expect("the parts of the response are valid")
    }
}

fn collect(
    folder: &Path,
    prefix: &str,
    files: &mut HashMap<String, (Bytes, &'static str)>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files)?;
        } else {
            files.insert(format!("{prefix}{name}"), (fs::read(&path)?.into(), kind(&path)));
        }
    }
    Ok(())
}

fn kind(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

//! Which pages of other origins may speak to the server (Fetch, section "CORS protocol").

#[cfg(test)]
mod tests;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use crate::builder::ConfigError;

/// Ports that browsers leave out of an origin.
const DEFAULT_PORTS: [(&str, &str); 4] =
    [("http", ":80"), ("https", ":443"), ("ws", ":80"), ("wss", ":443")];

/// Which pages of other origins may speak to the server, and what with; see [`Builder::cors`].
///
/// The headers are those of Node's `cors` package, and so are the defaults: the methods GET, HEAD,
/// PUT, PATCH, POST and DELETE, whatever headers a page asks for, no credentials, nothing exposed,
/// and answers to preflights that browsers keep as long as they like.
///
/// Headers alone keep nobody out: browsers open a WebSocket to any server, and send simple requests
/// to it. Where the origins are [listed](Self::list) or [chosen](Self::when), klatch itself refuses a
/// request from another, by whatever transport, with status 403 and before there is a session. A
/// request without an `Origin` is from no page, and passes. That of the server's own pages belongs to
/// the origins, too: browsers name it with each POST and each WebSocket.
///
/// [`Builder::cors`]: crate::Builder::cors
#[derive(Clone)]
#[must_use = "it is for `Builder::cors`"]
pub struct Cors {
    origins: Origins,
    credentials: bool,
    methods: Vec<Method>,
    allowed_headers: Option<Vec<HeaderName>>,
    exposed_headers: Vec<HeaderName>,
    max_age: Option<Duration>,
}

#[derive(Clone)]
enum Origins {
    Any,
    Listed(Vec<String>),
    Chosen(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl Cors {
    /// Pages of any origin. Node's `origin: "*"`.
    pub fn any() -> Self {
        Self::of(Origins::Any)
    }

    /// Pages of these origins, such as `https://example.org` or `http://localhost:5173`: as browsers
    /// write them, in lower case and without a slash at the end.
    pub fn list<O: Into<String>>(origins: impl IntoIterator<Item = O>) -> Self {
        Self::of(Origins::Listed(origins.into_iter().map(Into::into).collect()))
    }

    /// Pages of the origins for which `allows` is true. A panic refuses.
    pub fn when(allows: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self::of(Origins::Chosen(Arc::new(allows)))
    }

    fn of(origins: Origins) -> Self {
        Self {
            origins,
            credentials: false,
            methods: vec![
                Method::GET,
                Method::HEAD,
                Method::PUT,
                Method::PATCH,
                Method::POST,
                Method::DELETE,
            ],
            allowed_headers: None,
            exposed_headers: Vec::new(),
            max_age: None,
        }
    }

    /// Whether browsers send cookies along, as the client's `withCredentials` asks for. Off; not
    /// possible for [any](Self::any) origin.
    pub fn credentials(mut self, credentials: bool) -> Self {
        self.credentials = credentials;
        self
    }

    /// Which methods pages may use. klatch itself needs GET and POST.
    pub fn methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.methods = methods.into_iter().collect();
        self
    }

    /// Which headers pages may send. All that they ask for, unless some are set.
    pub fn allowed_headers(mut self, headers: impl IntoIterator<Item = HeaderName>) -> Self {
        self.allowed_headers = Some(headers.into_iter().collect());
        self
    }

    /// Which headers of answers pages may read, beyond the few that they always may.
    pub fn exposed_headers(mut self, headers: impl IntoIterator<Item = HeaderName>) -> Self {
        self.exposed_headers = headers.into_iter().collect();
        self
    }

    /// How long browsers may keep the answer to a preflight, in whole seconds. Five seconds in most,
    /// if nothing is said.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        match &self.origins {
            Origins::Any if self.credentials => Err(ConfigError::CorsCredentials),
            Origins::Listed(origins) if origins.is_empty() => Err(ConfigError::CorsNobody),
            Origins::Listed(origins) => match origins.iter().find(|origin| !is_origin(origin)) {
                Some(origin) => Err(ConfigError::CorsOrigin { origin: origin.clone() }),
                None => Ok(()),
            },
            Origins::Any | Origins::Chosen(_) => Ok(()),
        }
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        match &self.origins {
            Origins::Any => true,
            Origins::Listed(origins) => origins.iter().any(|listed| listed == origin),
            Origins::Chosen(allows) => catch_unwind(AssertUnwindSafe(|| allows(origin)))
                .unwrap_or_else(|_| {
                    tracing::error!("the choice of an origin panicked: it is refused");
                    false
                }),
        }
    }

    /// What every answer says to a request with these headers, and whether it may be served.
    pub(super) fn look_at(&self, request: &HeaderMap) -> (HeaderMap, bool) {
        let mut granted = HeaderMap::new();
        let mut admitted = true;
        if matches!(self.origins, Origins::Any) {
            let any = HeaderValue::from_static("*");
            granted.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
        } else {
            granted.append(header::VARY, HeaderValue::from_static("Origin"));
            if let Some(origin) = request.get(header::ORIGIN) {
                admitted = self.allows(origin);
                if admitted {
                    granted.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
                }
            }
        }
        if self.credentials {
            let yes = HeaderValue::from_static("true");
            granted.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
        let exposed = self.exposed_headers.iter().map(HeaderName::as_str);
        insert_list(&mut granted, header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        (granted, admitted)
    }

    /// The answer to a preflight, but for what every answer says.
    pub(super) fn preflight(&self, request: &HeaderMap) -> http::Response<bytes::Bytes> {
        let mut response = super::empty(StatusCode::NO_CONTENT);
        let headers = response.headers_mut();
        let methods = self.methods.iter().map(Method::as_str);
        insert_list(headers, header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        let asked = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
        match (&self.allowed_headers, asked) {
            (Some(allowed), _) => {
                let allowed = allowed.iter().map(HeaderName::as_str);
                insert_list(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
            }
            (None, asked) => {
                let by = HeaderValue::from_static("Access-Control-Request-Headers");
                headers.append(header::VARY, by);
                if let Some(asked) = asked {
                    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
                }
            }
        }
        if let Some(age) = self.max_age {
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, age.as_secs().into());
        }
        response
    }
}

/// Names as one header, if there are any.
fn insert_list<'a>(
    headers: &mut HeaderMap,
    name: HeaderName,
    values: impl Iterator<Item = &'a str>,
) {
    let list = values.collect::<Vec<_>>().join(",");
    if !list.is_empty() {
        let list = HeaderValue::try_from(list).expect("names and methods are tokens");
        headers.insert(name, list);
    }
}

/// Whether a browser could send this as an `Origin` (RFC 6454, section 6.2).
fn is_origin(origin: &str) -> bool {
    if matches!(origin, "null" | "file://") {
        return true;
    }
    let Some((scheme, host)) = origin.split_once("://") else { return false };
    let plain = |byte: u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase();
    let stray = |byte: u8| b"/?#@,*".contains(&byte);
    let port_is_told =
        !DEFAULT_PORTS.iter().any(|&(of, port)| scheme == of && host.ends_with(port));
    !scheme.is_empty()
        && !host.is_empty()
        && origin.bytes().all(plain)
        && !host.bytes().any(stray)
        && port_is_told
}

impl fmt::Debug for Cors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origins: &dyn fmt::Debug = match &self.origins {
            Origins::Any => &"*",
            Origins::Listed(origins) => origins,
            Origins::Chosen(_) => &"chosen",
        };
        f.debug_struct("Cors")
            .field("origins", origins)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

//! The cookie by which a balancer knows whose requests belong together.

use std::fmt::Write as _;
use std::time::Duration;

use http::HeaderValue;
use klatch_core::Sid;

use crate::builder::ConfigError;

/// A cookie with the session's id, for balancers that keep a client's requests on one server; see
/// [`Builder::cookie`].
///
/// The defaults are Node's: the name `io`, the path `/`, `HttpOnly`, `SameSite=Lax`, and the end of
/// the browser's session.
///
/// It goes with the answer that opens a session by polling. A WebSocket is one connection, and needs
/// none. The id is the session's secret: over anything but TLS it is as public as the requests are.
///
/// [`Builder::cookie`]: crate::Builder::cookie
#[derive(Clone, Debug)]
#[must_use = "it is for `Builder::cookie`"]
pub struct Cookie {
    name: String,
    path: String,
    domain: Option<String>,
    max_age: Option<Duration>,
    http_only: bool,
    secure: bool,
    same_site: Option<SameSite>,
}

/// With which requests of other sites' pages a browser sends a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SameSite {
    /// With none.
    Strict,
    /// With those that lead to the site.
    Lax,
    /// With all; only if it is [`secure`](Cookie::secure).
    None,
}

impl Cookie {
    /// Node's cookie.
    pub fn new() -> Self {
        Self {
            name: "io".to_owned(),
            path: "/".to_owned(),
            domain: None,
            max_age: None,
            http_only: true,
            secure: false,
            same_site: Some(SameSite::Lax),
        }
    }

    /// Its name. `io`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The path below which it is sent. `/`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The domain whose hosts it is sent to. That of the request alone, unless it is set.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// How long browsers keep it, in whole seconds. As long as they run, unless it is set.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Whether scripts of pages cannot read it. They cannot.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Whether it is sent over TLS only. Off, as in Node: klatch does not know what stands before it.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// With which requests of other sites' pages it is sent; `None` leaves that to browsers. `Lax`.
    pub fn same_site(mut self, same_site: Option<SameSite>) -> Self {
        self.same_site = same_site;
        self
    }

    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        // A cookie's name is a token (RFC 6265, section 4.1.1), as a header's is.
        if http::HeaderName::try_from(&*self.name).is_err() {
            return Err(ConfigError::CookieName { name: self.name.clone() });
        }
        let plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b';';
        for attribute in [Some(&self.path), self.domain.as_ref()].into_iter().flatten() {
            if attribute.is_empty() || !attribute.bytes().all(plain) {
                return Err(ConfigError::CookieAttribute { value: attribute.clone() });
            }
        }
        let name = self.name.to_ascii_lowercase();
        let wants_tls = self.same_site == Some(SameSite::None)
            || name.starts_with("__secure-")
            || name.starts_with("__host-");
        if wants_tls && !self.secure {
            return Err(ConfigError::CookieNotSecure);
        }
        // RFC 6265bis, section 4.1.3.2.
        if name.starts_with("__host-") && (self.path != "/" || self.domain.is_some()) {
            return Err(ConfigError::CookieHost);
        }
        Ok(())
    }

    /// The value of `Set-Cookie`, its attributes in the order of Node's.
    pub(super) fn set(&self, sid: &Sid) -> HeaderValue {
        let mut text = format!("{}={}", self.name, sid.as_str());
        if let Some(age) = self.max_age {
            let _ = write!(text, "; Max-Age={}", age.as_secs());
        }
        if let Some(domain) = &self.domain {
            let _ = write!(text, "; Domain={domain}");
        }
        let _ = write!(text, "; Path={}", self.path);
        for (is_set, flag) in [(self.http_only, "; HttpOnly"), (self.secure, "; Secure")] {
            text.push_str(if is_set { flag } else { "" });
        }
        text.push_str(match self.same_site {
            Some(SameSite::Strict) => "; SameSite=Strict",
            Some(SameSite::Lax) => "; SameSite=Lax",
            Some(SameSite::None) => "; SameSite=None",
            None => "",
        });
        let mut value = HeaderValue::try_from(text).expect("its parts were checked");
        value.set_sensitive(true);
        value
    }
}

impl Default for Cookie {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use klatch_core::ENTROPY_BYTES;

    use super::*;

    #[test]
    fn its_text_is_nodes() {
        let set = |cookie: Cookie| {
            assert_eq!(cookie.validate(), Ok(()));
            let value = cookie.set(&Sid::from_entropy([0; ENTROPY_BYTES]));
            assert!(value.is_sensitive());
            value.to_str().expect("it is ASCII").to_owned()
        };
        let id = "AAAAAAAAAAAAAAAAAAAA";
        assert_eq!(set(Cookie::new()), format!("io={id}; Path=/; HttpOnly; SameSite=Lax"));
        let bare = Cookie::new().name("test").http_only(false).same_site(None);
        assert_eq!(set(bare), format!("test={id}; Path=/"));
        let all = Cookie::new()
            .name("__Secure-io")
            .path("/chat")
            .domain("example.org")
            .max_age(Duration::from_hours(1))
            .secure(true)
            .same_site(Some(SameSite::None));
        assert_eq!(
            set(all),
            format!(
                "__Secure-io={id}; Max-Age=3600; Domain=example.org; Path=/chat; HttpOnly; Secure; \
                 SameSite=None"
            )
        );
        let strict = Cookie::new().same_site(Some(SameSite::Strict));
        assert!(set(strict).ends_with("; SameSite=Strict"));
    }

    #[test]
    fn what_browsers_would_not_take_is_found() {
        for name in ["", "a b", "a;b", "a=b", "é", "a\n"] {
            let fault = Cookie::new().name(name).validate();
            assert_eq!(fault, Err(ConfigError::CookieName { name: name.to_owned() }));
        }
        for value in ["", "/;a", "/\r\n", "é"] {
            let expected = Err(ConfigError::CookieAttribute { value: value.to_owned() });
            assert_eq!(Cookie::new().path(value).validate(), expected);
            assert_eq!(Cookie::new().domain(value).validate(), expected);
        }
        for cookie in [
            Cookie::new().same_site(Some(SameSite::None)),
            Cookie::new().name("__Host-io"),
            Cookie::new().name("__Secure-io"),
        ] {
            assert_eq!(cookie.validate(), Err(ConfigError::CookieNotSecure));
            assert_eq!(cookie.secure(true).validate(), Ok(()));
        }
        let hosts = || Cookie::new().name("__HOST-io").secure(true);
        for cookie in [hosts().path("/chat"), hosts().domain("example.org")] {
            assert_eq!(cookie.validate(), Err(ConfigError::CookieHost));
            assert_eq!(cookie.name("__Secure-io").validate(), Ok(()));
        }
    }
}

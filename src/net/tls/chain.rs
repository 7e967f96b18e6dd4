//! OpenSSL's verdict on a chain of certificates: the one that Node's users know. It names what webpki refused, and it
//! judges the chains that webpki does not know how to. Stricter than OpenSSL where that is simpler, never laxer.

use rustls::pki_types::{CertificateDer, UnixTime};

use super::certificate::{Parsed, Signature};
use super::error::{TlsError, Verdict};
use super::trust::Trust;

/// Longer chains are not followed.
const MAX_LENGTH: usize = 10;

/// How a chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// With a trusted root.
    Trusted,
    /// With a certificate whose root is trusted, but not at hand: only its name and key are.
    TrustedByName,
    /// With a root that is not trusted.
    Stranger,
    /// Before a root: the last one's issuer is not at hand.
    Open,
}

/// A chain from the server's certificate to as far as it could be followed.
struct Chain {
    /// The server's own, its issuer's, and so on. Never empty.
    links: Vec<Parsed>,
    end: End,
    /// Whether some link is from the trusted ones.
    touches_trust: bool,
}

/// Judges the server's certificate, without regard to its name.
///
/// # Errors
/// What OpenSSL says last where it goes on after an error, as Node lets it.
pub(super) fn judge(
    leaf: &Parsed,
    sent: &[CertificateDer<'_>],
    trust: &Trust,
    now: UnixTime,
    host: &str,
) -> Result<(), TlsError> {
    let chain = Chain::follow(leaf, sent, trust, now);
    let judge = Judge { chain: &chain, now, host };
    let mut last = judge.end();
    last = judge.uses().or(last);
    if chain.end == End::Open && chain.links.len() == 1 {
        last = Some(judge.unknown_issuer(Verdict::UnknownIssuerOfLeaf));
    }
    last = judge.signatures_and_dates().or(last);
    match last.or_else(|| judge.out_of_scope()) {
        Some(trouble) => Err(trouble),
        None => Ok(()),
    }
}

impl Chain {
    fn follow(leaf: &Parsed, sent: &[CertificateDer<'_>], trust: &Trust, now: UnixTime) -> Self {
        let sent: Vec<Parsed> = sent.iter().filter_map(Parsed::read).collect();
        let mut links = vec![leaf.clone()];
        let mut touches_trust = trust.contains(leaf);
        loop {
            let last = links.last().expect("a chain begins with the server's certificate");
            let end = if last.is_self_issued() {
                Some(if trust.contains(last) { End::Trusted } else { End::Stranger })
            } else {
                None
            };
            let next = |from: &[Parsed]| {
                let mut issuers: Vec<&Parsed> = from
                    .iter()
                    .filter(|it| last.names_as_issuer(it) && links.iter().all(|link| link.der() != it.der()))
                    .collect();
                issuers.sort_by_key(|it| !it.is_in_date(now));
                issuers.first().map(|it| (*it).clone())
            };
            let found = if end.is_some() {
                None
            } else {
                let trusted = next(trust.certificates()).map(|it| (it, true));
                trusted.or_else(|| next(&sent).map(|it| (it, false)))
            };
            match found {
                Some((issuer, trusted)) if links.len() < MAX_LENGTH => {
                    touches_trust |= trusted;
                    links.push(issuer);
                }
                _ => {
                    let by_name = end.is_none() && trust.knows_issuer_of(last);
                    let open = if by_name { End::TrustedByName } else { End::Open };
                    return Self { links, end: end.unwrap_or(open), touches_trust };
                }
            }
        }
    }
}

/// One look at a chain. Each question gives the trouble that OpenSSL would tell of last.
struct Judge<'a> {
    chain: &'a Chain,
    now: UnixTime,
    host: &'a str,
}

impl Judge<'_> {
    /// How to speak of a link.
    fn name(&self, index: usize) -> String {
        match index {
            0 => format!("the certificate of {}", self.host),
            _ => format!(
                "the authority {} behind the certificate of {}",
                self.chain.links[index].subject(),
                self.host
            ),
        }
    }

    /// Whether the chain ends with somebody who is trusted.
    fn end(&self) -> Option<TlsError> {
        let last = self.chain.links.len() - 1;
        match self.chain.end {
            End::Trusted | End::TrustedByName => None,
            End::Stranger if last == 0 => Some(TlsError::new(
                Verdict::SelfSigned,
                format!(
                    "{} is self-signed and not among the trusted ones; if it is the right one, pass it as `tls.ca` or \
                     in NODE_EXTRA_CA_CERTS",
                    self.name(0)
                ),
            )),
            End::Stranger => Some(TlsError::new(
                Verdict::UnknownRoot,
                format!(
                    "{} is not trusted; if it is the right one, pass it as `tls.ca` or in NODE_EXTRA_CA_CERTS",
                    self.name(last)
                ),
            )),
            End::Open if self.chain.touches_trust && last > 0 => Some(TlsError::new(
                Verdict::NoRoot,
                format!(
                    "{} is trusted, but it is no root, and its issuer {} is not trusted: add that one's certificate to \
                     `tls.ca`",
                    self.name(last),
                    self.chain.links[last].issuer()
                ),
            )),
            End::Open => Some(self.unknown_issuer(Verdict::UnknownIssuer)),
        }
    }

    fn unknown_issuer(&self, verdict: Verdict) -> TlsError {
        let last = self.chain.links.len() - 1;
        TlsError::new(
            verdict,
            format!(
                "nobody trusted vouches for {}: its issuer {} is not known here; pass that authority as `tls.ca` or in \
                 NODE_EXTRA_CA_CERTS (or the server does not send its whole chain)",
                self.name(last),
                self.chain.links[last].issuer()
            ),
        )
    }

    /// Whether each link is used for what it is made for.
    fn uses(&self) -> Option<TlsError> {
        let mut last = None;
        for (index, link) in self.chain.links.iter().enumerate() {
            let authority_below = index.saturating_sub(1);
            if link.has_unknown_critical_extension() {
                let words = format!("{} has a critical extension that is not known here", self.name(index));
                last = Some(TlsError::new(Verdict::Refused, words));
            }
            let usable = if index == 0 { link.allows_handshake() } else { link.is_authority() };
            if !usable || !link.is_for_servers() {
                let what = if index == 0 { "a server's" } else { "an authority's" };
                let words = format!("{} is not made for {what} use (see its key usage)", self.name(index));
                last = Some(TlsError::new(Verdict::WrongPurpose, words));
            }
            if index > 0 && link.path_length().is_some_and(|length| authority_below > length) {
                let words = format!("{} does not allow so many others below it", self.name(index));
                last = Some(TlsError::new(Verdict::ChainTooLong, words));
            }
        }
        last
    }

    /// The signatures and dates, from the root down: the server's own date is what is told in the end.
    fn signatures_and_dates(&self) -> Option<TlsError> {
        let links = &self.chain.links;
        let mut last = None;
        // The last of several is not looked at where its issuer is missing.
        let looked_at = match self.chain.end {
            End::Open if links.len() > 1 => links.len() - 1,
            _ => links.len(),
        };
        for (index, link) in links.iter().enumerate().take(looked_at).rev() {
            if let Some(issuer) = links.get(index + 1) {
                last = self.signature(index, link.signature_by(issuer)).or(last);
            }
            last = self.date(index, link).or(last);
        }
        last
    }

    fn signature(&self, index: usize, signature: Signature) -> Option<TlsError> {
        match signature {
            Signature::Good => None,
            Signature::Bad => Some(TlsError::new(
                Verdict::BadSignature,
                format!(
                    "{} is not signed by the one it names, {}, with a key of a sufficient length",
                    self.name(index),
                    self.chain.links[index].issuer()
                ),
            )),
            Signature::Unsupported => Some(TlsError::new(
                Verdict::Unsupported,
                format!(
                    "{} is signed with an algorithm that is too weak or not supported (SHA-1 is one)",
                    self.name(index)
                ),
            )),
        }
    }

    fn date(&self, index: usize, link: &Parsed) -> Option<TlsError> {
        if link.is_in_date(self.now) {
            return None;
        }
        let begins = link.not_before().to_unix_duration().as_secs();
        let (verdict, words) = if self.now.as_secs() < begins {
            let date = link.not_before();
            (Verdict::NotYetValid, format!("{} is valid only from {date} on", self.name(index)))
        } else {
            (Verdict::Expired, format!("{} expired at {}", self.name(index), link.not_after()))
        };
        Some(TlsError::new(verdict, format!("{words}; is this computer's clock right?")))
    }

    /// What is not judged here at all: whatever webpki refused was for another reason.
    fn out_of_scope(&self) -> Option<TlsError> {
        let constrained = self.chain.links.iter().any(Parsed::constrains_names);
        (constrained || self.chain.end != End::Trusted).then(|| {
            TlsError::new(
                Verdict::Refused,
                format!(
                    "{} was refused; an authority behind it may be allowed to vouch for certain names only",
                    self.name(0)
                ),
            )
        })
    }
}

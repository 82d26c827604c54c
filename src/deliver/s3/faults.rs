//! What a bucket's refusals come to. The body of an answer is never shown: it may repeat our key.

use super::{Bucket, joined};
use crate::deliver::remote::REFUSED;
use crate::domain::fault::Fault;
use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};

impl Bucket {
    /// The exchange itself broke: the push goes on later.
    fn broken(&self, kind: HttpErrorKind, cause: &str, doing: &str, key: &str) -> Fault {
        let (code, how) = if kind == HttpErrorKind::Connect {
            ("dsp_unreachable", "cannot be reached".to_owned())
        } else if kind == HttpErrorKind::Timeout {
            let seconds = self.seconds;
            let how = format!("did not answer in time (`timeout_seconds` is {seconds})");
            ("dsp_timeout", how)
        } else {
            ("dsp_disconnected", "broke the connection".to_owned())
        };
        Fault::transient(
            code,
            format!(
                "{} ({}) {how} while we tried to {doing} {key:?}: {cause}.",
                self.whose, self.address
            ),
        )
    }

    pub(super) fn fault(&self, error: &Error, doing: &str, path: &str) -> Fault {
        let said = Said::of(error);
        let (whose, bucket, at) = (&self.whose, &self.name, &self.address);
        let key = joined(&self.base, path);
        if let Some(kind) = said.broke {
            return self.broken(kind, &said.cause, doing, &key);
        }
        let answer = said.answer();
        let what = format!(
            "{whose} ({at}) refused to {doing} {key:?} in the bucket {bucket:?}: {answer}."
        );
        match said.code.as_deref().unwrap_or_default() {
            "NoSuchBucket" => Fault::permanent(
                "bucket_missing",
                format!(
                    "{whose} ({at}) has no bucket {bucket:?}. Ask them for the right name and put it into `bucket` of {}.",
                    self.file
                ),
            ),
            "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "InvalidToken"
            | "ExpiredToken"
            | "InvalidClientTokenId"
            | "AuthFailure" => Fault::permanent(
                "login_refused",
                format!(
                    "{whose} ({at}) does not know our keys: {answer}. Check the files that `access_key_file` and `secret_key_file` of {} name, and `region`.",
                    self.file
                ),
            ),
            "RequestTimeTooSkewed" => Fault::transient(
                "clock_differs",
                format!(
                    "{whose} ({at}) says that the clock of this machine is wrong. Set it right; the push goes on by itself."
                ),
            ),
            "PermanentRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException" => Fault::permanent(
                "bad_region",
                format!(
                    "{what} The bucket is in another region; put the right one into `region` of {}.",
                    self.file
                ),
            ),
            "QuotaExceeded" | "XMinioStorageFull" | "XMinioAdminBucketQuotaExceeded" => {
                Fault::transient(
                    "disk_full",
                    format!("{what} Ask them for room; the push goes on by itself."),
                )
            }
            _ if matches!(said.status, Some(401 | 403)) => Fault::permanent(
                "permission_denied",
                format!(
                    "{what} A push needs the rights to list the bucket, and to read and write objects below the prefix (s3:ListBucket, s3:GetObject, s3:PutObject, s3:AbortMultipartUpload). Ask them for those, and check the keys; then retry the push."
                ),
            ),
            _ if said.status == Some(301) => Fault::permanent(
                "bad_region",
                format!(
                    "{what} The bucket is elsewhere; check `region` and `endpoint` of {}.",
                    self.file
                ),
            ),
            // A gateway that does not know what became of it, or no answer of S3's at all: no refusal.
            _ if matches!(said.status, None | Some(502 | 504)) && said.code.is_none() => {
                Fault::transient("dsp_protocol", what)
            }
            _ => Fault::transient(REFUSED, what),
        }
    }
}

/// What can be told of an error without showing the answer's body, which may repeat our key.
struct Said {
    /// S3's word.
    code: Option<String>,
    status: Option<u16>,
    /// The exchange itself broke.
    broke: Option<HttpErrorKind>,
    /// Innermost cause, for people; only when `broke`.
    cause: String,
}

impl Said {
    fn of(error: &Error) -> Self {
        let text = error.to_string();
        let mut said = Self {
            code: between(&text, "<Code>", "</Code>").map(|code| code.chars().take(60).collect()),
            status: text
                .split_once("status code: ")
                .and_then(|(_, rest)| rest.get(..3)?.parse().ok()),
            broke: None,
            cause: String::new(),
        };
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(cause) = next {
            if let Some(http) = cause.downcast_ref::<HttpError>() {
                said.broke = Some(http.kind());
            }
            if said.broke.is_some() {
                said.cause = cause.to_string();
            }
            next = cause.source();
        }
        said
    }

    fn answer(&self) -> String {
        match (&self.code, self.status) {
            (Some(code), Some(status)) => format!("{code:?}, HTTP {status}"),
            (Some(code), None) => format!("{code:?}"),
            (None, Some(status)) => format!("HTTP {status}"),
            (None, None) => "an answer that is none of S3's".to_owned(),
        }
    }
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(from)?;
    rest.split_once(to).map(|(between, _)| between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_without_what_it_repeats() {
        let body = "Error performing PUT x in 1ms - Server returned non-2xx status code: 403 Forbidden: <Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>AKIASECRET</AWSAccessKeyId></Error>";
        let said = Said::of(&Error::Generic {
            store: "S3",
            source: body.into(),
        });
        assert_eq!(said.answer(), "\"SignatureDoesNotMatch\", HTTP 403");
    }
}

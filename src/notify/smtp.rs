//! The `smtp` transport: hands one letter to a mail server.
//!
//! lettre's own transport has one time limit for everything. Here the connection is led step by
//! step, because the steps deserve different patience, and because what a failure means depends on
//! where it happened: a wrong password or a refused sender is the operator's mistake and must not
//! kill letters, a refused recipient is the letter's.

use super::{Encryption, SetupError};
use crate::domain::fault::Fault;
use crate::domain::visible::one_line;
use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    Certificate, CertificateStore, SmtpConnection, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use std::error::Error as _;
use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

/// Until the server has been reached, has greeted and has answered EHLO.
const CONNECT: Duration = Duration::from_secs(30);
/// For the answer to a command (RFC 5321, 4.5.3.2: 5 minutes).
const COMMAND: Duration = Duration::from_mins(5);
/// For the answer to the final dot (RFC 5321, 4.5.3.2.6: 10 minutes). A client that gives up earlier
/// sends again what the server has already taken: the label would get the letter twice.
const FINAL_DOT: Duration = Duration::from_mins(10);
/// For saying goodbye, which nothing depends on.
const QUIT: Duration = Duration::from_secs(5);

/// A mail server as configured.
pub(super) struct Server<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) tls: Encryption,
    pub(super) root_ca_file: Option<&'a Path>,
}

/// A mail server, ready to be spoken to.
pub(super) struct Smtp {
    host: String,
    port: u16,
    security: Security,
    login: Option<Credentials>,
    hello: ClientId,
    sender: Address,
}

enum Security {
    Starttls(TlsParameters),
    Tls(TlsParameters),
    Plain,
}

/// Where in the dialogue a failure happened.
#[derive(Clone, Copy)]
enum Step {
    Connect,
    Encrypt,
    LogIn,
    /// `MAIL FROM`: what is said to it is said of us, and not of the letter.
    Sender,
    Send,
}

impl Smtp {
    pub(super) fn new(
        server: &Server<'_>,
        login: Option<Credentials>,
        sender: Address,
    ) -> Result<Self, SetupError> {
        let host = server.host.trim().to_owned();
        let security = match server.tls {
            Encryption::Starttls => Security::Starttls(tls(&host, server.root_ca_file)?),
            Encryption::Tls => Security::Tls(tls(&host, server.root_ca_file)?),
            Encryption::None if is_loopback(&host) => Security::Plain,
            Encryption::None => return Err(SetupError::Unencrypted { host }),
        };
        Ok(Self {
            host,
            port: server.port,
            security,
            login,
            hello: ClientId::default(),
            sender,
        })
    }

    /// Hands the letter over; `Ok` means that the server has taken responsibility for it.
    pub(super) fn send(&self, recipient: &str, mime: &[u8]) -> Result<(), Fault> {
        let address: Address = recipient.parse().map_err(|_| {
            Fault::permanent(
                "mail_address",
                format!("{recipient:?} is not a mail address"),
            )
        })?;
        let mut connection = self.connect()?;
        let outcome = self.hand_over(&mut connection, address, mime);
        // The letter's fate is sealed; whether the goodbye arrives does not change it.
        drop(connection.set_timeout(Some(QUIT)));
        connection.abort();
        outcome
    }

    fn connect(&self) -> Result<SmtpConnection, Fault> {
        let wrapped = match &self.security {
            Security::Tls(parameters) => Some(parameters),
            Security::Starttls(_) | Security::Plain => None,
        };
        let mut connection = SmtpConnection::connect(
            (self.host.as_str(), self.port),
            Some(CONNECT),
            &self.hello,
            wrapped,
            None,
        )
        .map_err(|error| self.fault(Step::Connect, "", &error))?;
        if let Security::Starttls(parameters) = &self.security {
            connection
                .starttls(parameters, &self.hello)
                .map_err(|error| self.fault(Step::Encrypt, "", &error))?;
        }
        if let Some(login) = &self.login {
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], login)
                .map_err(|error| self.fault(Step::LogIn, "", &error))?;
        }
        Ok(connection)
    }

    fn hand_over(
        &self,
        connection: &mut SmtpConnection,
        recipient: Address,
        mime: &[u8],
    ) -> Result<(), Fault> {
        let to = recipient.to_string();
        let mut options = Vec::new();
        if !to.is_ascii() {
            if !connection
                .server_info()
                .supports_feature(Extension::SmtpUtfEight)
            {
                let text = format!(
                    "{} does not take addresses beyond ASCII such as {to:?}",
                    self.host
                );
                return Err(Fault::permanent("mail_address", text));
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        if !mime.is_ascii() {
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let fault = |error: Error| self.fault(Step::Send, &to, &error);
        let patience = |connection: &mut SmtpConnection, time| {
            connection.set_timeout(Some(time)).map_err(|error| {
                Fault::transient("smtp_unreachable", format!("{}: {error}", self.host))
            })
        };
        patience(connection, COMMAND)?;
        connection
            .command(Mail::new(Some(self.sender.clone()), options))
            .map_err(|error| self.fault(Step::Sender, &to, &error))?;
        connection
            .command(Rcpt::new(recipient, vec![]))
            .map_err(fault)?;
        connection.command(Data).map_err(fault)?;
        patience(connection, FINAL_DOT)?;
        connection.message(mime).map_err(fault)?;
        Ok(())
    }

    /// What a failure means for the letter. Only a server that was reached, let us in, took our sender
    /// and then said 5xx to this letter ends it; everything else a person or time can mend while
    /// letters wait.
    fn fault(&self, step: Step, to: &str, error: &Error) -> Fault {
        let words = words(error);
        let server = format!("{}:{}", self.host, self.port);
        let code = error.status().map(|code| code.to_string());
        // 530 and its like: the server wants a login or encryption that the settings do not have.
        let wants_login = matches!(code.as_deref(), Some("530" | "534" | "535" | "538"));
        match step {
            Step::Connect => Fault::transient(
                "smtp_unreachable",
                format!("the mail server {server} cannot be reached: {words}"),
            ),
            Step::Encrypt => Fault::transient(
                "smtp_tls",
                format!("the connection to the mail server {server} cannot be encrypted: {words}"),
            ),
            Step::LogIn => Fault::transient(
                "smtp_login",
                format!("the mail server {server} refused our user name and password: {words}"),
            ),
            Step::Sender | Step::Send if wants_login => Fault::transient(
                "smtp_login",
                format!("the mail server {server} wants a login first: {words}"),
            ),
            Step::Sender if error.is_permanent() => Fault::transient(
                "smtp_sender",
                format!(
                    "the mail server {server} does not take mail from us ({}): {words}. Ask who runs it, or change `from` in [notify]",
                    self.sender
                ),
            ),
            Step::Send if error.is_permanent() => Fault::permanent(
                "smtp_refused",
                format!("the mail server {server} refused the mail to {to}: {words}"),
            ),
            Step::Sender | Step::Send if error.is_transient() => Fault::transient(
                "smtp_deferred",
                format!("the mail server {server} did not take the mail to {to} yet: {words}"),
            ),
            Step::Sender | Step::Send => Fault::transient(
                "smtp_unreachable",
                format!("the mail server {server} was lost while it took a mail: {words}"),
            ),
        }
    }
}

/// The server's own words with their code, or what the network said; made safe for logs.
fn words(error: &Error) -> String {
    let said = error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string);
    let whole = match error.status() {
        Some(code) => format!("{code} {said}"),
        None => said,
    };
    one_line(&whole, 500)
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn tls(host: &str, root_ca_file: Option<&Path>) -> Result<TlsParameters, SetupError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = root_ca_file {
        let unusable = |why: String| SetupError::RootCa {
            path: path.to_owned(),
            why,
        };
        let pem = fs::read(path).map_err(|error| unusable(error.to_string()))?;
        if !pem.windows(17).any(|part| part == b"BEGIN CERTIFICATE") {
            return Err(unusable("it holds no PEM certificate".to_owned()));
        }
        let authority = Certificate::from_pem(&pem).map_err(|error| unusable(error.to_string()))?;
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(authority);
    }
    builder.build().map_err(|error| SetupError::Tls {
        host: host.to_owned(),
        why: error.to_string(),
    })
}

/// Reads the login, if there is one. A password that others can read is refused.
pub(super) fn login(
    user: Option<&str>,
    password_file: Option<&Path>,
) -> Result<Option<Credentials>, SetupError> {
    let (user, path) = match (user, password_file) {
        (None, None) => return Ok(None),
        (Some(user), Some(path)) => (user, path),
        (Some(_), None) | (None, Some(_)) => return Err(SetupError::HalfLogin),
    };
    let unreadable = |source| SetupError::PasswordFile {
        path: path.to_owned(),
        source,
    };
    let facts = fs::metadata(path).map_err(unreadable)?;
    let mode = facts.mode() & 0o777;
    // systemd's credentials are root's and, under an ACL, show the mask as group bits (0440). Root
    // may read everything anyway, so its group is not "others".
    let roots_own = facts.uid() == 0 && facts.gid() == 0;
    let forbidden = if roots_own { 0o027 } else { 0o077 };
    if mode & forbidden != 0 {
        return Err(SetupError::PasswordFileOpen {
            path: path.to_owned(),
            mode,
        });
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let password = text.trim_end_matches(['\r', '\n']);
    Ok(Some(Credentials::new(user.to_owned(), password.to_owned())))
}

//! Step 5a: tells people. Writes letters from what the store knows and hands them to a mail server,
//! or to a folder of `.eml` files.
//!
//! A letter is rendered once (`Post::render`) and its bytes are kept by the store; every try sends
//! the same bytes with the same `Message-ID`. Rendering is a pure function of what it is given and
//! never fails: a mail in plain words is better than none. Queueing, retrying and giving up are the
//! daemon's; nothing here keeps state.

use crate::domain::backoff::Backoff;
use crate::domain::fault::Fault;
use crate::domain::ids::DspId;
use crate::domain::letter::{Due, Subject};
use crate::domain::visible::one_line;
use folder::Folder;
use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};
use smtp::Smtp;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;
use templates::Templates;

mod folder;
mod letter;
mod mime;
mod smtp;
mod templates;

/// How mail is written and sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Sender of every mail: an address, or a name and an address in angle brackets. Bounces go to
    /// this address too.
    pub from: String,
    /// Where answers go, when it is not the sender. Mails then invite to answer.
    pub reply_to: Option<String>,
    /// Addresses of the operator, told when something needs a person.
    pub operator: Vec<String>,
    /// The name that mails give to this service.
    pub service_name: String,
    /// Domain in the `Message-ID` of every mail; empty for the sender's domain.
    pub message_id_domain: String,
    /// Folder with templates of your own (`<letter>.subject.txt`, `<letter>.txt`, `<letter>.html`);
    /// what is missing or broken there is taken from the built-in ones.
    pub templates: Option<PathBuf>,
    /// Seconds to wait after the first failed try to send a mail. Doubles with every further one up
    /// to an hour, ±20 %; after about five days the mail is given up.
    pub retry_first_seconds: u64,
    /// How mails leave.
    pub transport: Transport,
}

impl Settings {
    /// The waits between tries: about five days (RFC 5321 4.5.4.1), then a person has to look.
    pub fn backoff(&self) -> Backoff {
        Backoff {
            first: Duration::from_secs(self.retry_first_seconds),
            cap: Duration::from_hours(1),
            attempts: 125,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            from: "Release Drop Zone <dropzone@localhost>".to_owned(),
            reply_to: None,
            operator: Vec::new(),
            service_name: "Release Drop Zone".to_owned(),
            message_id_domain: String::new(),
            templates: None,
            retry_first_seconds: 30,
            transport: Transport::default(),
        }
    }
}

/// How mails leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Transport {
    /// Each mail becomes an `.eml` file. Needs no mail server.
    Folder {
        /// The folder; `mail` below the data directory when not given.
        #[serde(default)]
        path: Option<PathBuf>,
    },
    /// Mails are handed to a mail server.
    Smtp {
        /// Host name, as its certificate names it, or address.
        host: String,
        /// Port: 587 for `starttls`, 465 for `tls`.
        #[serde(default = "submission_port")]
        port: u16,
        /// Whether and how the connection is encrypted.
        #[serde(default)]
        tls: Encryption,
        /// User name, if the server asks for one.
        #[serde(default)]
        user: Option<String>,
        /// File that holds the password; others must not be able to read it.
        #[serde(default)]
        password_file: Option<PathBuf>,
        /// PEM file with the certificate authorities to trust instead of the system's, for a mail
        /// server with a private certificate.
        #[serde(default)]
        root_ca_file: Option<PathBuf>,
    },
}

impl Default for Transport {
    fn default() -> Self {
        Self::Folder { path: None }
    }
}

fn submission_port() -> u16 {
    587
}

/// Whether and how a connection to the mail server is encrypted. There is no "if possible": who can
/// change the connection could then switch it off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// Begins in the clear and must become encrypted before anything else is said (RFC 3207).
    #[default]
    Starttls,
    /// Encrypted from the first byte (RFC 8314).
    Tls,
    /// In the clear; only to a server on this machine.
    None,
}

/// Why mail cannot be set up as configured. Each is a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A setting is no mail address.
    #[error("`{setting}` is not a mail address: {value:?}")]
    Address {
        /// Name of the setting.
        setting: &'static str,
        /// What stands there.
        value: String,
    },
    /// The domain for `Message-ID` is not one.
    #[error("`message_id_domain` is not a domain name: {value:?}")]
    Domain {
        /// What stands there.
        value: String,
    },
    /// The folder of templates cannot be read.
    #[error("the folder with mail templates {} cannot be read", path.display())]
    Templates {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Unencrypted SMTP to another machine.
    #[error(
        "mail would go to {host} unencrypted; `tls = \"none\"` is for a server on this machine \
         only. Use `starttls` or `tls`"
    )]
    Unencrypted {
        /// The host.
        host: String,
    },
    /// User without password file, or the other way round.
    #[error("`user` and `password_file` belong together; only one of them is set")]
    HalfLogin,
    /// The password file cannot be read.
    #[error("the mail password file {} cannot be read", path.display())]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Others could read the password.
    #[error(
        "others can read the mail password file {path} (mode {mode:04o}); run: chmod 600 {path}",
        path = path.display()
    )]
    PasswordFileOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file of certificate authorities is of no use.
    #[error("the file of certificate authorities {} cannot be used: {why}", path.display())]
    RootCa {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// TLS could not be set up.
    #[error("TLS for mail to {host} cannot be set up: {why}")]
    Tls {
        /// The mail server.
        host: String,
        /// What the library says.
        why: String,
    },
}

/// Where a letter leaves.
enum Way {
    Folder(Folder),
    Smtp(Box<Smtp>),
}

/// The post office: writes letters and sends them. Cheap to make anew when the configuration
/// changes; may be used from several threads.
pub struct Post {
    sender: mime::Sender,
    service_name: String,
    dsp_names: BTreeMap<DspId, String>,
    templates: Templates,
    way: Way,
}

impl Post {
    /// Checks the settings and reads templates, password and certificates. Connects to nothing.
    pub fn new(settings: &Settings, default_folder: &Path) -> Result<Self, SetupError> {
        let from = mailbox("from", &settings.from)?;
        let reply_to = settings
            .reply_to
            .as_deref()
            .map(|text| mailbox("reply_to", text))
            .transpose()?;
        for address in &settings.operator {
            mailbox("operator", address)?;
        }
        let domain = match settings.message_id_domain.trim() {
            "" => from.email.domain().to_owned(),
            given => given.to_owned(),
        };
        let is_domain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if !domain.chars().all(is_domain) {
            return Err(SetupError::Domain { value: domain });
        }
        let way = match &settings.transport {
            Transport::Folder { path } => Way::Folder(Folder::new(
                path.clone().unwrap_or_else(|| default_folder.to_owned()),
            )),
            Transport::Smtp {
                host,
                port,
                tls,
                user,
                password_file,
                root_ca_file,
            } => Way::Smtp(Box::new(Smtp::new(
                &smtp::Server {
                    host,
                    port: *port,
                    tls: *tls,
                    root_ca_file: root_ca_file.as_deref(),
                },
                smtp::login(user.as_deref(), password_file.as_deref())?,
                from.email.clone(),
            )?)),
        };
        Ok(Self {
            templates: Templates::new(settings.templates.as_deref())?,
            sender: mime::Sender {
                from,
                reply_to,
                domain,
            },
            service_name: one_line(&settings.service_name, 100),
            dsp_names: BTreeMap::new(),
            way,
        })
    }

    /// Teaches the names that labels read instead of the identifiers of DSPs.
    #[must_use]
    pub fn with_dsp_names(mut self, names: BTreeMap<DspId, String>) -> Self {
        self.dsp_names = names;
        self
    }

    /// Writes the letter as a whole MIME message. The same arguments give the same bytes. Never
    /// fails and never panics: whatever goes wrong, a mail in plain text says what is known.
    pub fn render(&self, due: &Due, subject: &Subject) -> Vec<u8> {
        let letter = letter::Letter::new(
            due.kind,
            subject,
            &letter::House {
                service: &self.service_name,
                can_reply: self.sender.reply_to.is_some(),
                dsp_names: &self.dsp_names,
            },
        );
        // lettre panics on what it takes to be impossible; a letter that kills its thread would do
        // so again after every restart.
        let written = catch_unwind(AssertUnwindSafe(|| {
            let words = self.templates.write(due.kind, &letter)?;
            mime::build(&self.sender, due, &words)
        }));
        let problem = match written {
            Ok(Ok(bytes)) => return bytes,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the mail library panicked".to_owned(),
        };
        tracing::error!(
            letter.id = %due.id,
            package.id = %due.package,
            kind = due.kind.as_str(),
            problem,
            "a letter could not be rendered; it goes out in plain text"
        );
        mime::plain(&self.sender, due, &letter.plain())
    }

    /// Sends a rendered letter. Blocks: up to 10 minutes when a mail server thinks that long about
    /// it (RFC 5321, 4.5.3.2.6).
    pub fn send(&self, due: &Due, mime: &[u8]) -> Result<(), Fault> {
        match &self.way {
            Way::Folder(folder) => folder.send(due, mime),
            Way::Smtp(smtp) => smtp.send(&due.recipient, mime),
        }
    }
}

fn mailbox(setting: &'static str, value: &str) -> Result<Mailbox, SetupError> {
    // Made clean first: lettre panics on line breaks in a display name.
    one_line(value, 400)
        .parse()
        .map_err(|_| SetupError::Address {
            setting,
            value: value.to_owned(),
        })
}

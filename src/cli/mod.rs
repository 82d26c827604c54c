//! The command line. One file a command; every command writes to a writer it is handed.

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

pub mod access;
pub mod check;
pub mod config;
pub mod demo;
pub mod exit;
pub mod fix;
pub mod form;
pub mod key;
pub mod label;
pub mod mail;
pub mod onboarding;
pub mod output;
pub mod overrides;
pub mod package;
pub mod penalty;
pub mod preview;
pub mod push;
pub mod push_show;
pub mod qc;
pub mod quota;
pub mod restore;
pub mod rules;
pub mod schemas;
pub mod serve;
pub mod shapes;
pub mod status;
pub mod takedown;
pub mod who;

use exit::{Done, Failure};

/// SFTP drop zone for music releases: takes release folders from labels, says what is wrong with
/// them, leads them through quality control and pushes them to the stores.
#[derive(Debug, Parser)]
#[command(
    name = "dropzone",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
struct Arguments {
    /// Configuration file [default: /etc/dropzone/dropzone.toml, if it is there]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "DROPZONE_CONFIG",
        hide_env_values = true
    )]
    config: Option<PathBuf>,

    /// Answer in JSON (stable; described by schemas/*.schema.json)
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a release folder offline, with the same rules as after an upload
    Check(check::Arguments),
    /// Repair the message of a release folder, as far as that needs no decision
    Fix(fix::Arguments),
    /// Labels: accounts that may upload
    #[command(subcommand)]
    Label(label::Command),
    /// Packages: what was uploaded and where it stands
    #[command(subcommand)]
    Package(package::Command),
    /// Quality control: list, approve, reject
    #[command(subcommand)]
    Qc(qc::Command),
    /// The rules: list them, print the manual of one
    #[command(subcommand)]
    Rules(rules::Command),
    /// Pushes to the DSPs
    #[command(subcommand)]
    Push(push::Command),
    /// The official DDEX schemas: which are installed, install them
    #[command(subcommand)]
    Schemas(schemas::Command),
    /// The configuration: check it, show it
    #[command(subcommand)]
    Config(config::Command),
    /// Sources that are kept out for a while because of failed logins
    #[command(subcommand)]
    Penalty(penalty::Command),
    /// E-mails that wait or were given up
    #[command(subcommand)]
    Mail(mail::Command),
    /// Where everything stands
    Status,
    /// Run the daemon
    Serve,
    /// Show the whole way of a release, for real, in a temporary directory
    Demo(demo::Arguments),
}

/// What every command is handed.
pub struct Context<'a> {
    /// Configuration file that was named, if any.
    pub config_file: Option<PathBuf>,
    /// Answer in JSON.
    pub json: bool,
    /// Colour and progress are wanted: a person is looking.
    pub colour: bool,
    /// Where the answer goes.
    pub out: &'a mut dyn Write,
    /// Where remarks go.
    pub err: &'a mut dyn Write,
}

/// Runs one command line and says how the process should end.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut err = std::io::stderr();
    run_with(arguments, colour, &mut out, &mut err)
}

/// The same with writers of the caller.
pub fn run_with(
    arguments: impl IntoIterator<Item = OsString>,
    colour: bool,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(refusal) => {
            let to: &mut dyn Write = if refusal.use_stderr() { err } else { out };
            // Nothing is left to do when even this cannot be written.
            write!(to, "{}", refusal.render()).ok();
            return ExitCode::from(u8::try_from(refusal.exit_code()).unwrap_or(2));
        }
    };
    let mut context = Context {
        config_file: arguments.config,
        json: arguments.json,
        colour,
        out,
        err,
    };
    match dispatch(arguments.command, &mut context) {
        Ok(Done::Fine) => ExitCode::SUCCESS,
        Ok(Done::Negative) => ExitCode::from(1),
        Err(failure) => {
            writeln!(context.err, "dropzone: {failure}").ok();
            ExitCode::from(failure.code())
        }
    }
}

fn dispatch(command: Command, context: &mut Context<'_>) -> Result<Done, Failure> {
    match command {
        Command::Check(arguments) => check::run(&arguments, context),
        Command::Fix(arguments) => fix::run(&arguments, context),
        Command::Label(command) => label::run(command, context),
        Command::Package(command) => package::run(command, context),
        Command::Qc(command) => qc::run(command, context),
        Command::Rules(command) => rules::run(command, context),
        Command::Push(command) => push::run(command, context),
        Command::Schemas(command) => schemas::run(command, context),
        Command::Config(command) => config::run(&command, context),
        Command::Penalty(command) => penalty::run(&command, context),
        Command::Mail(command) => mail::run(&command, context),
        Command::Status => status::run(context),
        Command::Serve => serve::run(context),
        Command::Demo(arguments) => demo::run(&arguments, context),
    }
}

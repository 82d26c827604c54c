//! The program: everything is in `cli`.

fn main() -> std::process::ExitCode {
    dropzone::cli::run(std::env::args_os())
}

//! The report in a real browser: it is drawn as it is meant to be, on a phone and on a desk, light and
//! dark, and nothing that a label writes makes it load anything.

use crate::kit::has;
use crate::report::{heading, invalid_report, poisoned};
use dropzone::domain::report::html;
use image::RgbImage;
use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

const LIGHT_GROUND: [u8; 3] = [0xf5, 0xf6, 0xf8];
const DARK_GROUND: [u8; 3] = [0x14, 0x17, 0x1b];

/// A browser without a screen, in a directory of its own.
struct Browser {
    home: tempfile::TempDir,
}

impl Browser {
    /// `None` where none is installed, which CI does not allow.
    fn new() -> Option<Self> {
        has("chromium").then(|| Self {
            home: tempfile::tempdir().unwrap(),
        })
    }

    fn run(&self, page: &str, arguments: &[&str]) -> String {
        let file = self.home.path().join("page.html");
        fs::write(&file, page).unwrap();
        let profile = tempfile::tempdir_in(self.home.path()).unwrap();
        let output = Command::new("chromium")
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(arguments)
            .arg(format!("file://{}", file.display()))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "chromium {arguments:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn picture(&self, page: &str, width: u32, dark: bool) -> RgbImage {
        let file = self.home.path().join("picture.png");
        self.run(
            page,
            &[
                &format!("--screenshot={}", file.display()),
                &format!("--window-size={width},2600"),
                // 0 is dark, 1 is light.
                &format!("--blink-settings=preferredColorScheme={}", u8::from(!dark)),
            ],
        );
        let picture = image::open(&file).unwrap().into_rgb8();
        if let Some(kept) = std::env::var_os("DROPZONE_PICTURES") {
            let name = format!("{width}-{}.png", if dark { "dark" } else { "light" });
            fs::copy(&file, Path::new(&kept).join(name)).unwrap();
        }
        picture
    }

    /// Width of the document and of the window, as a script measures them that the page itself
    /// would never let in. In a frame, because no window is as narrow as a phone.
    fn widths(&self, page: &str, width: u32) -> (u32, u32) {
        let framed = without_policy(page).replace(
            "</body>",
            "<script>parent.postMessage(document.documentElement.scrollWidth + ' ' + innerWidth, \
             '*');</script></body>",
        );
        fs::write(self.home.path().join("framed.html"), framed).unwrap();
        let frame = format!(
            "<!doctype html><body><script>onmessage = (told) => {{ document.body.dataset.widths = \
             told.data; }};</script><iframe src=\"framed.html\" \
             style=\"border: 0; width: {width}px; height: 900px\"></iframe></body>"
        );
        let shown = self.run(
            &frame,
            &[
                "--dump-dom",
                "--virtual-time-budget=3000",
                "--window-size=1600,1000",
            ],
        );
        let (_, widths) = shown.split_once("data-widths=\"").unwrap();
        let (document, rest) = widths.split_once(' ').unwrap();
        let window = rest.split('"').next().unwrap();
        (document.parse().unwrap(), window.parse().unwrap())
    }
}

fn without_policy(page: &str) -> String {
    let start = page.find("<meta http-equiv=").unwrap();
    let end = start + page[start..].find('\n').unwrap();
    format!("{}{}", &page[..start], &page[end..])
}

fn colours(picture: &RgbImage) -> usize {
    let mut colours: Vec<[u8; 3]> = picture.pixels().map(|pixel| pixel.0).collect();
    colours.sort_unstable();
    colours.dedup();
    colours.len()
}

#[test]
fn the_page_is_drawn_on_a_phone_and_on_a_desk() {
    let Some(browser) = Browser::new() else {
        return;
    };
    let page = html::render(&invalid_report(), Some(&heading()));
    for width in [390, 1280] {
        for (dark, ground) in [(false, LIGHT_GROUND), (true, DARK_GROUND)] {
            let picture = browser.picture(&page, width, dark);
            assert_eq!(picture.width(), width);
            assert_eq!(picture.get_pixel(2, 2).0, ground, "the style sheet holds");
            assert!(colours(&picture) > 100, "there is something to see");
        }
    }
}

#[test]
fn nothing_is_wider_than_the_screen() {
    let Some(browser) = Browser::new() else {
        return;
    };
    for page in [
        html::render(&invalid_report(), Some(&heading())),
        html::render(&poisoned(&"W".repeat(400)), Some(&heading())),
    ] {
        for width in [390, 800, 1280] {
            let (document, window) = browser.widths(&page, width);
            assert_eq!(window, width);
            assert!(
                document <= window,
                "{document} px in a window of {window} px"
            );
        }
    }
}

#[test]
fn even_markup_that_got_through_could_not_load_anything() {
    let Some(browser) = Browser::new() else {
        return;
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    // A browser may connect ahead of a request that it then does not make; the request counts.
    let (ask, asked) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let ask = ask.clone();
            thread::spawn(move || {
                let mut head = [0; 512];
                let read = stream.unwrap().read(&mut head).unwrap_or_default();
                if read > 0 {
                    ask.send(()).unwrap_or_default();
                }
            });
        }
    });
    let page = html::render(&invalid_report(), Some(&heading())).replace(
        "</body>",
        &format!(
            "<img src=\"http://{address}/a\"><link rel=\"stylesheet\" href=\"http://{address}/b\">\
             <iframe src=\"http://{address}/c\"></iframe>\
             <script>document.body.dataset.ran = 'yes';</script></body>"
        ),
    );
    let shown = browser.run(&page, &["--dump-dom"]);
    assert!(shown.contains("About this report") && !shown.contains("data-ran"));
    assert!(asked.try_recv().is_err(), "the browser asked for something");
    // Without the policy it does ask, so the test could tell.
    browser.run(&without_policy(&page), &["--dump-dom"]);
    assert!(asked.try_recv().is_ok());
}

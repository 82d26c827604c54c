//! The report as a self-contained web page.

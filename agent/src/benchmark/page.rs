//! The report as one HTML file: no script, no font, no picture from elsewhere.

use std::fmt::Write as _;

use crate::experiments::chart::escape;

const STYLE: &str = include_str!("page.css");

/// A page that is put together from top to bottom.
#[derive(Clone, Debug)]
pub struct Page(String);

impl Page {
    /// A page with a title and an introduction.
    pub fn new(title: &str, introduction: &[&str]) -> Self {
        let title = escape(title);
        let mut html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        );
        introduction.iter().for_each(|text| _ = writeln!(html, "<p>{}</p>", escape(text)));
        Self(html)
    }

    /// A heading below the title.
    pub fn heading(&mut self, text: &str) {
        let _ = writeln!(self.0, "<h2>{}</h2>", escape(text));
    }

    /// An element that is HTML already: a table or a chart.
    pub fn element(&mut self, html: &str) {
        self.0 += html;
    }

    /// A chart, as SVG.
    pub fn figure(&mut self, svg: &str) {
        let _ = writeln!(self.0, "<figure>\n{svg}</figure>");
    }

    /// The whole file.
    pub fn finish(self) -> String {
        self.0 + "</body>\n</html>\n"
    }
}

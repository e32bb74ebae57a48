//! A table, as Markdown and as HTML.

use std::fmt::Write as _;

use crate::experiments::chart::escape;

/// Rows of texts below a header.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// Cells, as many in each row as there are columns.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns and no row.
    pub fn new(caption: impl Into<String>, header: &[&str]) -> Self {
        let header = header.iter().map(|&name| name.to_owned()).collect();
        Self { caption: caption.into(), header, rows: Vec::new() }
    }

    /// The caption, then the table.
    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let rule = format!("|{}\n", "---|".repeat(self.header.len()));
        let rows: String = self.rows.iter().map(|row| line(row)).collect();
        format!("{}\n\n{}{rule}{rows}", self.caption, line(&self.header))
    }

    /// A `table` element.
    pub fn html(&self) -> String {
        let cells = |element: &str, cells: &[String]| {
            let cell = |cell: &String| format!("<{element}>{}</{element}>", escape(cell));
            format!("<tr>{}</tr>\n", cells.iter().map(cell).collect::<String>())
        };
        let mut html = format!("<div class=\"wide\"><table>\n<caption>{}</caption>\n<thead>", escape(&self.caption));
        let _ = write!(html, "{}</thead>\n<tbody>\n", cells("th", &self.header));
        self.rows.iter().for_each(|row| html += &cells("td", row));
        html + "</tbody></table></div>\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_cannot_break_out_of_their_table() {
        let mut table = Table::new("What", &["a", "b"]);
        table.rows.push(vec!["1|2".to_owned(), "<b>".to_owned()]);
        assert_eq!(table.markdown(), "What\n\n| a | b |\n|---|---|\n| 1\\|2 | <b> |\n");
        assert!(table.html().contains("<tr><td>1|2</td><td>&lt;b&gt;</td></tr>"), "{}", table.html());
    }
}

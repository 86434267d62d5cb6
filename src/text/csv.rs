//! CSV as Mastodon reads and writes it (RFC 4180). Accepts anything: what is malformed is text.

/// The rows of a CSV text, empty lines left out; at most `most`. A field in quotes may hold commas, line ends and `""`.
pub fn rows(text: &str, most: usize) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let (mut row, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => quoted = true,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                end(&mut rows, &mut row);
                if rows.len() >= most {
                    return rows;
                }
            }
            other => field.push(other),
        }
    }
    row.push(field);
    end(&mut rows, &mut row);
    rows.truncate(most);
    rows
}

fn end(rows: &mut Vec<Vec<String>>, row: &mut Vec<String>) {
    let row = std::mem::take(row);
    if row.iter().any(|field| !field.trim().is_empty()) {
        rows.push(row);
    }
}

/// One row with its line end; a field that needs quotes gets them.
pub fn line(fields: &[&str]) -> String {
    let quoted = |field: &&str| match field.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => (*field).to_owned(),
    };
    format!("{}\n", fields.iter().map(quoted).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let fields = ["a", "b, c", "say \"no\"", "two\nlines", ""];
        assert_eq!(line(&fields), "a,\"b, c\",\"say \"\"no\"\"\",\"two\nlines\",\n");
        let text = format!("\u{feff}{}\r\n\n{}x", line(&fields), line(&["ü", "2"]));
        let read = rows(&text, 100);
        assert_eq!(read, [fields.map(str::to_owned).to_vec(), vec!["ü".into(), "2".into()], vec!["x".into()]]);
        assert_eq!(rows(&text, 1).len(), 1);
        assert_eq!(rows("a,\"never closed\nb", 9), [["a", "never closed\nb"]]);
    }
}

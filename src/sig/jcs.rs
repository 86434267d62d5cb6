//! JSON Canonicalization Scheme (RFC 8785): the byte form of a document that both sides of a proof hash.

use serde_json::{Map, Number, Value};

/// The largest whole number a double holds exactly, and every smaller one.
const EXACT: u64 = 1 << 53;

/// The canonical spelling of a document.
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value);
    out
}

fn write(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                write(out, item);
            }
            out.push(']');
        }
        Value::Object(members) => write_object(out, members),
    }
}

/// Members in the order of their names' UTF-16 units, which is not that of UTF-8: an emoji comes before U+FB33.
fn write_object(out: &mut String, members: &Map<String, Value>) {
    let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
    sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    out.push('{');
    for (n, (name, value)) in sorted.into_iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        write_text(out, name);
        out.push(':');
        write(out, value);
    }
    out.push('}');
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Every number is a double to ECMAScript: large whole ones lose their last digits as they do there.
fn write_number(out: &mut String, number: &Number) {
    match (number.as_u64(), number.as_i64(), number.as_f64()) {
        (Some(whole), _, _) if whole <= EXACT => out.push_str(&whole.to_string()),
        (_, Some(whole), _) if whole.unsigned_abs() <= EXACT => out.push_str(&whole.to_string()),
        (_, _, Some(double)) => write_double(out, double),
        // no number of serde_json's is neither
        _ => out.push_str("null"),
    }
}

/// ECMAScript's `Number::toString`: the fewest digits that read back as the same double, with an exponent only below 1e-6
/// and from 1e21 on.
fn write_double(out: &mut String, double: f64) {
    if double == 0.0 {
        // also -0
        out.push('0');
        return;
    }
    if double < 0.0 {
        out.push('-');
    }
    let (digits, point) = shortest(double.abs());
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or_default());
    let (head, tail) = digits.split_at_checked(usize::try_from(point).unwrap_or_default()).unwrap_or((&digits, ""));
    match point {
        _ if count <= point && point <= 21 => out.push_str(&format!("{digits}{}", zeros(point - count))),
        1..=21 => out.push_str(&format!("{head}.{tail}")),
        -5..=0 => out.push_str(&format!("0.{}{digits}", zeros(-point))),
        _ => {
            let (first, rest) = digits.split_at_checked(1).unwrap_or((&digits, ""));
            let dot = if rest.is_empty() { "" } else { "." };
            let sign = if point > 0 { '+' } else { '-' };
            out.push_str(&format!("{first}{dot}{rest}e{sign}{}", (point - 1).abs()));
        }
    }
}

/// The fewest digits, without zeros at either end, and behind how many of them the decimal point stands. As serde_json
/// writes them: where two are equally near it takes the even one, as ECMAScript does; Rust's own formatting does not.
fn shortest(double: f64) -> (String, i32) {
    let text = Number::from_f64(double).map(|number| number.to_string()).unwrap_or_default();
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{part}");
    let digits = all.trim_start_matches('0');
    let before = i32::try_from(whole.len()).unwrap_or_default();
    let zeros = i32::try_from(all.len() - digits.len()).unwrap_or_default();
    let exponent = exponent.trim_start_matches('+').parse::<i32>().unwrap_or_default();
    (digits.trim_end_matches('0').to_owned(), before - zeros + exponent)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> String {
        canonical(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn numbers_are_written_as_ecmascript_does() {
        // RFC 8785, appendix B
        for (bits, text) in [
            (0x0000_0000_0000_0000_u64, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            let mut out = String::new();
            write_double(&mut out, f64::from_bits(bits));
            assert_eq!(out, text, "{bits:016x}");
        }
    }

    #[test]
    fn numbers_are_read_to_the_last_bit() {
        assert_eq!(
            of(r#"[333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001, -0, -0.0, 1.0]"#),
            "[333333333.3333333,1e+30,4.5,0.002,1e-27,0,0,1]"
        );
        assert_eq!(of("[9007199254740993, 18446744073709551615]"), "[9007199254740992,18446744073709552000]");
        assert_eq!(of("[-9007199254740993, 9007199254740992]"), "[-9007199254740992,9007199254740992]");
    }

    #[test]
    fn members_are_sorted_by_utf16_and_texts_escaped_as_little_as_can_be() {
        // RFC 8785, 3.2.2 and 3.2.3
        let text = r#"{"string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"#;
        assert_eq!(of(text), r#"{"literals":[null,true,false],"string":"€$\u000f\nA'B\"\\\\\"/"}"#);
        let text = r#"{"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O"}"#;
        let order: Vec<String> =
            ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"].into_iter().map(str::to_owned).collect();
        let canonical = of(text);
        let found: Vec<usize> = order.iter().map(|word| canonical.find(word.as_str()).unwrap()).collect();
        assert!(found.is_sorted(), "{canonical}");
    }

    proptest! {
        #[test]
        fn every_double_reads_back_as_itself(bits in any::<u64>()) {
            let double = f64::from_bits(bits);
            prop_assume!(double.is_finite());
            let mut out = String::new();
            write_double(&mut out, double);
            let read: f64 = out.parse().unwrap();
            prop_assert_eq!(read, double);
            prop_assert_eq!(of(&out), out);
        }
    }
}

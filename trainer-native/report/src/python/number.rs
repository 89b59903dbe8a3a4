//! Numbers as Python's `%g` prints them.

use genolewm_core::provenance::python_float_repr;

/// A number as Python's `format(value, ".6g")` and `"%g"` print it: six significant digits, an
/// exponent below -4 or from 6 on, no zeros at the end.
#[must_use]
pub fn general(value: f64) -> String {
    const DIGITS: usize = 6;
    if !value.is_finite() {
        return python_float_repr(value);
    }
    // Rounded first: 999999.5 has an exponent of 6.
    let scientific = format!("{value:.*e}", DIGITS - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..DIGITS as i32).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trimmed(mantissa), exponent.unsigned_abs());
    }
    let decimals = usize::try_from(DIGITS as i32 - 1 - exponent).unwrap_or(0);
    trimmed(&format!("{value:.decimals$}")).to_owned()
}

fn trimmed(number: &str) -> &str {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn general_numbers_are_those_of_python() {
        for (value, want) in [
            (0.5, "0.5"),
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.728_571_428_57, "0.728571"),
            (0.95, "0.95"),
            (1e-5, "1e-05"),
            (0.000_123_456_789, "0.000123457"),
            (999_999.5, "1e+06"),
            (123_456.0, "123456"),
            (-2.5e-12, "-2.5e-12"),
            (100.0, "100"),
        ] {
            assert_eq!(general(value), want);
        }
    }
}

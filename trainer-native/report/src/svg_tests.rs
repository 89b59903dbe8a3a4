//! Tests of plots.

use super::*;

/// The numbers of every attribute that places something.
fn places(svg: &str) -> Vec<f64> {
    let keys = [
        "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height",
    ];
    svg.split_whitespace()
        .filter_map(|word| word.split_once("=\""))
        .filter(|(key, _)| keys.contains(key))
        .filter_map(|(_, rest)| rest.split('"').next()?.parse().ok())
        .collect()
}

#[test]
fn everything_stays_inside_the_picture() {
    let wave: Vec<(f64, f64)> = (0..5_000)
        .map(|i| (f64::from(i), (f64::from(i) / 300.0).sin()))
        .collect();
    let plot = Plot::new("A < B & C", "x", "y")
        .line("a", wave)
        .points("b", vec![(10.0, 0.3), (f64::NAN, 1.0)])
        .histogram("c", &[0.1, 0.2, 0.9, 7.0], 0.0, 1.0, 4);
    let svg = plot.to_svg();
    assert!(svg.contains("A &lt; B &amp; C") && !svg.contains("NaN") && !svg.contains("inf"));
    assert_eq!(svg.matches("<circle").count(), 1);
    assert!(
        places(&svg)
            .iter()
            .all(|&place| (0.0..=WIDTH).contains(&place))
    );
    assert!(svg.len() < 30_000, "a long line is thinned: {}", svg.len());
}

#[test]
fn a_gap_interrupts_a_line_and_log_drops_zero() {
    let points = vec![
        (1.0, 1.0),
        (2.0, f64::NAN),
        (3.0, 100.0),
        (4.0, 10.0),
        (5.0, 0.0),
    ];
    let svg = Plot::new("", "", "")
        .scales(Scale::Linear, Scale::Log)
        .line("a", points)
        .to_svg();
    let path = svg
        .split("<path d=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap();
    assert_eq!(
        (path.matches('M').count(), path.matches('L').count()),
        (2, 1),
        "{path}"
    );
}

#[test]
fn histograms_count_and_means_bin() {
    assert_eq!(
        histogram(&[0.0, 0.24, 0.25, 1.0, -1.0, f64::NAN], 0.0, 1.0, 4),
        [2, 1, 0, 1]
    );
    assert_eq!(
        binned_mean(&[(0.0, 1.0), (2.0, 3.0), (4.0, 5.0)], 2),
        [(1.0, 2.0), (4.0, 5.0)]
    );
    assert!(binned_mean(&[], 5).is_empty());
    assert!(Plot::new("empty", "x", "y").to_svg().ends_with("</svg>\n"));
}

#[test]
fn compact_plots_wrap_their_legend() {
    let names = [
        "a long name of a series",
        "another long name",
        "and one more of them",
        "b",
    ];
    let plot = names.iter().fold(Plot::new("t", "x", "y"), |plot, name| {
        plot.line(name, vec![(0.0, 0.0), (1.0, 1.0)])
    });
    let svg = plot.compact().to_svg();
    assert!(
        places(&svg)
            .iter()
            .all(|&place| (0.0..=COMPACT_WIDTH).contains(&place))
    );
    let rows: std::collections::BTreeSet<&str> = svg
        .split("<rect ")
        .skip(1)
        .filter_map(|rect| rect.split("y=\"").nth(1)?.split('"').next())
        .collect();
    assert!(rows.len() > 1, "{rows:?}");
}

/// Control characters make a picture that no reader of XML opens.
#[test]
fn a_title_broke_the_picture() {
    let title = "</text><script>\u{1b}[2J\u{202e}\"&";
    let svg = Plot::new(title, "x", "y").to_svg();
    assert!(!svg.contains("<script>"));
    assert!(!svg.contains(|c: char| c != '\n' && genolewm_core::text::is_hidden(c)));
}

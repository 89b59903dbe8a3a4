//! Small plots as SVG, without dependencies.
//!
//! The background is left open and every colour is of middle brightness, so that a picture can be
//! read on a light page as on a dark one.

use super::axis::Axis;
pub use super::axis::Scale;
use core::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 52.0;
const INK: &str = "#7d8590";
/// After Okabe and Ito's palette, which colour-blind readers can tell apart: without black and
/// yellow, and with a lighter blue.
const COLOURS: [&str; 6] = [
    "#3b8ac4", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9",
];
/// More points than this on a line cannot be told apart.
const MAX_LINE_POINTS: usize = 600;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Line,
    Points,
    Bars,
}

#[derive(Debug, Clone)]
struct Series {
    name: String,
    mark: Mark,
    /// Bars: left edge and height; the last one closes the last bar.
    points: Vec<(f64, f64)>,
}

/// A plot.
///
/// ```
/// use genolewm::report::svg::Plot;
/// let svg = Plot::new("Loss", "step", "nats").line("train", vec![(0.0, 3.0), (10.0, 2.0)]).to_svg();
/// assert!(svg.starts_with("<svg") && svg.contains("train"));
/// ```
#[derive(Debug, Clone)]
pub struct Plot {
    title: String,
    x_label: String,
    y_label: String,
    x_scale: Scale,
    y_scale: Scale,
    series: Vec<Series>,
}

impl Plot {
    /// An empty plot with a title and the names of its axes.
    #[must_use]
    pub fn new(title: &str, x_label: &str, y_label: &str) -> Self {
        Self {
            title: title.to_owned(),
            x_label: x_label.to_owned(),
            y_label: y_label.to_owned(),
            x_scale: Scale::Linear,
            y_scale: Scale::Linear,
            series: Vec::new(),
        }
    }

    /// Sets the scales of both axes.
    #[must_use]
    pub const fn scales(mut self, x: Scale, y: Scale) -> Self {
        self.x_scale = x;
        self.y_scale = y;
        self
    }

    /// Adds a line. A point that is not finite interrupts it; many points are averaged in groups.
    #[must_use]
    pub fn line(self, name: &str, points: Vec<(f64, f64)>) -> Self {
        let points = binned_mean(&points, MAX_LINE_POINTS);
        self.add(name, Mark::Line, points)
    }

    /// Adds separate points.
    #[must_use]
    pub fn points(self, name: &str, points: Vec<(f64, f64)>) -> Self {
        self.add(name, Mark::Points, points)
    }

    /// Adds the histogram of `values` over `low..=high` in `bins` equal bins, as shares of all the
    /// values in that range.
    #[must_use]
    pub fn histogram(self, name: &str, values: &[f64], low: f64, high: f64, bins: usize) -> Self {
        let counts = histogram(values, low, high, bins);
        let total = counts.iter().sum::<u64>().max(1) as f64;
        let width = (high - low) / counts.len() as f64;
        let mut points: Vec<(f64, f64)> = counts
            .iter()
            .enumerate()
            .map(|(bin, &count)| (low + bin as f64 * width, count as f64 / total))
            .collect();
        points.push((high, 0.0));
        self.add(name, Mark::Bars, points)
    }

    fn add(mut self, name: &str, mark: Mark, points: Vec<(f64, f64)>) -> Self {
        self.series.push(Series {
            name: name.to_owned(),
            mark,
            points,
        });
        self
    }

    /// The picture.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let all = || self.series.iter().flat_map(|series| &series.points);
        let bars = self.series.iter().any(|series| series.mark == Mark::Bars);
        let floor = bars.then_some(0.0);
        let frame = Frame {
            x: Axis::holding(all().map(|point| point.0), self.x_scale),
            y: Axis::holding(all().map(|point| point.1).chain(floor), self.y_scale).with_headroom(),
        };
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"{INK}\">\n<title>{}</title>\n",
            escape(&self.title)
        );
        self.draw_frame(&mut svg, &frame);
        for (index, series) in self.series.iter().enumerate() {
            draw_series(&mut svg, &frame, series, COLOURS[index % COLOURS.len()]);
        }
        self.draw_legend(&mut svg);
        svg.push_str("</svg>\n");
        svg
    }

    fn draw_frame(&self, svg: &mut String, frame: &Frame) {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for (value, label) in frame.x.ticks(8) {
            if let Some(x) = frame.x_of(value) {
                line(svg, (x, TOP), (x, bottom), 0.2);
                text(svg, (x, bottom + 16.0), "middle", "", &label);
            }
        }
        for (value, label) in frame.y.ticks(6) {
            if let Some(y) = frame.y_of(value) {
                line(svg, (LEFT, y), (right, y), 0.2);
                text(svg, (LEFT - 6.0, y + 4.0), "end", "", &label);
            }
        }
        line(svg, (LEFT, bottom), (right, bottom), 1.0);
        line(svg, (LEFT, TOP), (LEFT, bottom), 1.0);
        text(
            svg,
            (LEFT, 22.0),
            "start",
            " font-size=\"15\" font-weight=\"600\"",
            &self.title,
        );
        text(
            svg,
            ((LEFT + right) / 2.0, HEIGHT - 14.0),
            "middle",
            "",
            &self.x_label,
        );
        let middle = (TOP + bottom) / 2.0;
        text(
            svg,
            (16.0, middle),
            "middle",
            &format!(" transform=\"rotate(-90 16 {middle})\""),
            &self.y_label,
        );
    }

    fn draw_legend(&self, svg: &mut String) {
        let mut x = WIDTH - RIGHT;
        for (index, series) in self.series.iter().enumerate().rev() {
            text(svg, (x, 22.0), "end", "", &series.name);
            // Letters of this size are at most about 7.3 wide on average.
            x -= 7.3 * series.name.chars().count() as f64 + 16.0;
            let colour = COLOURS[index % COLOURS.len()];
            write_infallibly(
                svg,
                format_args!(
                    "<rect x=\"{x:.1}\" y=\"13\" width=\"10\" height=\"10\" rx=\"2\" fill=\"{colour}\"/>\n"
                ),
            );
            x -= 12.0;
        }
    }
}

struct Frame {
    x: Axis,
    y: Axis,
}

impl Frame {
    fn x_of(&self, value: f64) -> Option<f64> {
        Some(LEFT + self.x.place(value)? * (WIDTH - LEFT - RIGHT))
    }

    fn y_of(&self, value: f64) -> Option<f64> {
        Some(HEIGHT - BOTTOM - self.y.place(value)? * (HEIGHT - TOP - BOTTOM))
    }

    fn at(&self, point: (f64, f64)) -> Option<(f64, f64)> {
        Some((self.x_of(point.0)?, self.y_of(point.1)?))
    }
}

fn draw_series(svg: &mut String, frame: &Frame, series: &Series, colour: &str) {
    match series.mark {
        Mark::Line => draw_line(svg, frame, &series.points, colour),
        Mark::Points => {
            for (x, y) in series.points.iter().filter_map(|&point| frame.at(point)) {
                let dot = format_args!(
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\" fill=\"{colour}\" fill-opacity=\"0.7\"/>\n"
                );
                write_infallibly(svg, dot);
            }
        }
        Mark::Bars => {
            for pair in series.points.windows(2) {
                let ends = (frame.at(pair[0]), frame.x_of(pair[1].0), frame.y_of(0.0));
                let (Some((left, top)), Some(right), Some(base)) = ends else {
                    continue;
                };
                let (width, height) = ((right - left - 1.0).max(0.5), base - top);
                let bar = format_args!(
                    "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\" fill-opacity=\"0.6\"/>\n"
                );
                write_infallibly(svg, bar);
            }
        }
    }
}

fn draw_line(svg: &mut String, frame: &Frame, points: &[(f64, f64)], colour: &str) {
    let mut path = String::new();
    let mut pen = 'M';
    for &point in points {
        match frame.at(point) {
            Some((x, y)) => {
                write_infallibly(&mut path, format_args!("{pen}{x:.1} {y:.1}"));
                pen = 'L';
            }
            None => pen = 'M',
        }
    }
    let style = "fill=\"none\" stroke-width=\"1.8\" stroke-linejoin=\"round\"";
    write_infallibly(
        svg,
        format_args!("<path d=\"{path}\" {style} stroke=\"{colour}\"/>\n"),
    );
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), opacity: f64) {
    let ((x1, y1), (x2, y2)) = (from, to);
    write_infallibly(
        svg,
        format_args!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{INK}\" stroke-opacity=\"{opacity}\"/>\n"
        ),
    );
}

fn text(svg: &mut String, at: (f64, f64), anchor: &str, more: &str, words: &str) {
    let (x, y) = at;
    let words = escape(words);
    write_infallibly(
        svg,
        format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\"{more}>{words}</text>\n"
        ),
    );
}

/// Writing to a string cannot fail.
fn write_infallibly(svg: &mut String, arguments: core::fmt::Arguments<'_>) {
    let _ = svg.write_fmt(arguments);
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Counts of values in `bins` (at least 1) equal bins over `low..=high`; values outside, and those
/// that are not numbers, are not counted.
#[must_use]
pub fn histogram(values: &[f64], low: f64, high: f64, bins: usize) -> Vec<u64> {
    let bins = bins.max(1);
    let mut counts = vec![0; bins];
    for &value in values
        .iter()
        .filter(|&&value| (low..=high).contains(&value))
    {
        let share = (value - low) / (high - low);
        counts[((share * bins as f64) as usize).min(bins - 1)] += 1;
    }
    counts
}

/// At most `count` points in place of many: means over groups of as many neighbours.
#[must_use]
pub fn binned_mean(points: &[(f64, f64)], count: usize) -> Vec<(f64, f64)> {
    let group = points.len().div_ceil(count.max(1)).max(1);
    let mean = |of: &[(f64, f64)]| {
        let n = of.len() as f64;
        (
            of.iter().map(|point| point.0).sum::<f64>() / n,
            of.iter().map(|point| point.1).sum::<f64>() / n,
        )
    };
    points.chunks(group).map(mean).collect()
}

#[cfg(test)]
mod tests {
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
}

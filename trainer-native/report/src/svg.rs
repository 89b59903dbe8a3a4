//! Small plots as SVG, without dependencies.
//!
//! The background is left open and every colour is of middle brightness, so that a picture can be
//! read on a light page as on a dark one.

#[cfg(test)]
#[path = "svg_tests.rs"]
mod tests;

use super::axis::Axis;
pub use super::axis::Scale;
use super::document::Picture;
use genolewm_core::text::visible;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
/// A compact plot, whose letters can still be read where 400 pixels are all there is.
const COMPACT_WIDTH: f64 = 440.0;
const COMPACT_HEIGHT: f64 = 330.0;
const LEGEND_ROW: f64 = 18.0;
/// Letters of the legend are at most about so wide on average.
const LETTER: f64 = 7.3;
const TITLE_LETTER: f64 = 9.2;
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
/// use genolewm_report::svg::Plot;
/// let svg = Plot::new("Loss", "step", "nats").line("train", vec![(0.0, 3.0), (10.0, 2.0)]).to_svg();
/// assert!(svg.starts_with("<svg") && svg.contains("train"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Plot {
    title: String,
    x_label: String,
    y_label: String,
    x_scale: Scale,
    y_scale: Scale,
    series: Vec<Series>,
    is_compact: bool,
    /// Points that the axes hold beside those of the series.
    held: Vec<(f64, f64)>,
}

impl Plot {
    /// An empty plot with a title and the names of its axes.
    #[must_use]
    pub fn new(title: &str, x_label: &str, y_label: &str) -> Self {
        Self {
            title: title.to_owned(),
            x_label: x_label.to_owned(),
            y_label: y_label.to_owned(),
            ..Self::default()
        }
    }

    /// Sets the scales of both axes.
    #[must_use]
    pub const fn scales(mut self, x: Scale, y: Scale) -> Self {
        self.x_scale = x;
        self.y_scale = y;
        self
    }

    /// Makes it a small plot for a page that tells the title itself; the legend stands above it, in
    /// as many rows as it needs.
    #[must_use]
    pub const fn compact(mut self) -> Self {
        self.is_compact = true;
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
        let shares: Vec<f64> = counts.iter().map(|&count| count as f64 / total).collect();
        self.bars(name, &shares, low, high)
    }

    /// Adds bars of given heights in equal bins over `low..=high`.
    #[must_use]
    pub fn bars(self, name: &str, heights: &[f64], low: f64, high: f64) -> Self {
        let width = (high - low) / heights.len() as f64;
        let bars = heights.iter().enumerate();
        let mut points: Vec<(f64, f64)> = bars
            .map(|(bin, &height)| (low + bin as f64 * width, height))
            .collect();
        points.push((high, 0.0));
        self.add(name, Mark::Bars, points)
    }

    /// Makes the axes hold a point that is not drawn.
    #[must_use]
    pub fn holding(mut self, point: (f64, f64)) -> Self {
        self.held.push(point);
        self
    }

    fn add(mut self, name: &str, mark: Mark, points: Vec<(f64, f64)>) -> Self {
        self.series.push(Series {
            name: name.to_owned(),
            mark,
            points,
        });
        self
    }

    /// The picture with words under it.
    #[must_use]
    pub fn picture(&self, caption: impl Into<String>) -> Picture {
        Picture {
            svg: self.to_svg(),
            caption: caption.into(),
        }
    }

    /// The picture.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let all = || {
            let points = self.series.iter().flat_map(|series| &series.points);
            points.chain(&self.held)
        };
        let bars = self.series.iter().any(|series| series.mark == Mark::Bars);
        let floor = bars.then_some(0.0);
        let legend = self.legend();
        let rows = legend.last().map_or(0.0, |place| place.1);
        let [width, height, top] = if self.is_compact {
            let top = 12.0 + rows + LEGEND_ROW;
            [COMPACT_WIDTH, COMPACT_HEIGHT + top, top]
        } else {
            [WIDTH, HEIGHT + rows, TOP + rows]
        };
        let frame = Frame {
            x: Axis::holding(all().map(|point| point.0), self.x_scale),
            y: Axis::holding(all().map(|point| point.1).chain(floor), self.y_scale).with_headroom(),
            width,
            height,
            top,
        };
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
             font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"{INK}\">\n<title>{}</title>\n",
            escape(&self.title)
        );
        self.draw_frame(&mut svg, &frame);
        for (index, series) in self.series.iter().enumerate() {
            draw_series(&mut svg, &frame, series, COLOURS[index % COLOURS.len()]);
        }
        self.draw_legend(&mut svg, &legend);
        svg.push_str("</svg>\n");
        svg
    }

    fn draw_frame(&self, svg: &mut String, frame: &Frame) {
        let (right, bottom) = (frame.width - RIGHT, frame.height - BOTTOM);
        for (value, label) in frame.x.ticks(if self.is_compact { 5 } else { 8 }) {
            if let Some(x) = frame.x_of(value) {
                line(svg, (x, frame.top), (x, bottom), 0.2);
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
        line(svg, (LEFT, frame.top), (LEFT, bottom), 1.0);
        if !self.is_compact {
            let style = " font-size=\"15\" font-weight=\"600\"";
            text(svg, (LEFT, 22.0), "start", style, &self.title);
        }
        let below = ((LEFT + right) / 2.0, frame.height - 14.0);
        text(svg, below, "middle", "", &self.x_label);
        let middle = (frame.top + bottom) / 2.0;
        let turned = format!(" transform=\"rotate(-90 16 {middle})\"");
        text(svg, (16.0, middle), "middle", &turned, &self.y_label);
    }

    /// Where the name of each series begins, and how far its row is below the first: at the right in one
    /// row, below a title that reaches so far; or in a compact plot in rows.
    fn legend(&self) -> Vec<(f64, f64)> {
        let width = |series: &Series| LETTER * series.name.chars().count() as f64 + 28.0;
        if !self.is_compact {
            let mut x = WIDTH - RIGHT - self.series.iter().map(width).sum::<f64>();
            let title_width = TITLE_LETTER * self.title.chars().count() as f64;
            let below = LEGEND_ROW * f64::from(LEFT + title_width > x);
            let place = |series: &Series| {
                x += width(series);
                (x - width(series) + 12.0, below)
            };
            return self.series.iter().map(place).collect();
        }
        let (mut x, mut below) = (LEFT, 0.0);
        let place = |series: &Series| {
            if x > LEFT && x + width(series) > COMPACT_WIDTH {
                (x, below) = (LEFT, below + LEGEND_ROW);
            }
            let place = (x, below);
            x += width(series);
            place
        };
        self.series.iter().map(place).collect()
    }

    fn draw_legend(&self, svg: &mut String, places: &[(f64, f64)]) {
        for ((index, series), &(x, below)) in self.series.iter().enumerate().zip(places) {
            let colour = COLOURS[index % COLOURS.len()];
            let y = 13.0 + below;
            *svg += &format!(
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"10\" height=\"10\" rx=\"2\" fill=\"{colour}\"/>\n"
            );
            text(svg, (x + 16.0, y + 9.0), "start", "", &series.name);
        }
    }
}

struct Frame {
    x: Axis,
    y: Axis,
    width: f64,
    height: f64,
    top: f64,
}

impl Frame {
    fn x_of(&self, value: f64) -> Option<f64> {
        Some(LEFT + self.x.place(value)? * (self.width - LEFT - RIGHT))
    }

    fn y_of(&self, value: f64) -> Option<f64> {
        let room = self.height - self.top - BOTTOM;
        Some(self.height - BOTTOM - self.y.place(value)? * room)
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
                *svg += &format!(
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\" fill=\"{colour}\" fill-opacity=\"0.7\"/>\n"
                );
            }
        }
        Mark::Bars => {
            for pair in series.points.windows(2) {
                let ends = (frame.at(pair[0]), frame.x_of(pair[1].0), frame.y_of(0.0));
                let (Some((left, top)), Some(right), Some(base)) = ends else {
                    continue;
                };
                let (width, height) = ((right - left - 1.0).max(0.5), base - top);
                *svg += &format!(
                    "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\" fill-opacity=\"0.6\"/>\n"
                );
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
                path += &format!("{pen}{x:.1} {y:.1}");
                pen = 'L';
            }
            None => pen = 'M',
        }
    }
    let style = "fill=\"none\" stroke-width=\"1.8\" stroke-linejoin=\"round\"";
    *svg += &format!("<path d=\"{path}\" {style} stroke=\"{colour}\"/>\n");
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), opacity: f64) {
    let ((x1, y1), (x2, y2)) = (from, to);
    *svg += &format!(
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{INK}\" stroke-opacity=\"{opacity}\"/>\n"
    );
}

fn text(svg: &mut String, at: (f64, f64), anchor: &str, more: &str, words: &str) {
    let (x, y) = at;
    let words = escape(words);
    *svg +=
        &format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\"{more}>{words}</text>\n");
}

pub(crate) fn escape(text: &str) -> String {
    visible(text)
        .replace('&', "&amp;")
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

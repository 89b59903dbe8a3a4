// One workgroup computes 64 columns of one mean; four invocations share a column.

struct Params {
    spans: u32,
    columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
// For each mean the start and the end of two ranges of rows.
@group(0) @binding(3) var<storage, read> spans: array<vec4<u32>>;

const COLUMNS: u32 = 64u;
const SHARES: u32 = 4u;

var<workgroup> partial: array<f32, COLUMNS * SHARES>;

// Which mean a workgroup computes, and its first column.
fn block_of(index: u32) -> vec2<u32> {
    let blocks = (params.columns + COLUMNS - 1u) / COLUMNS;
    return vec2<u32>(index / blocks, index % blocks * COLUMNS);
}

// How many rows a mean is of.
fn count_of(span: vec4<u32>) -> f32 {
    return f32(span.y - span.x + span.w - span.z);
}

fn sum_rows(start: u32, end: u32, column: u32) -> f32 {
    var total = 0.0;
    for (var row = start; row < end; row += SHARES) {
        total += x[row * params.columns + column];
    }
    return total;
}

@compute @workgroup_size(256)
fn mean_rows(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let block = block_of(group_index(group, groups));
    let mean = block.x;
    if mean >= params.spans {
        return;
    }
    let column = block.y + local % COLUMNS;
    let share = local / COLUMNS;
    let span = spans[mean];
    if column < params.columns {
        partial[local] = sum_rows(span.x + share, span.y, column)
            + sum_rows(span.z + share, span.w, column);
    }
    workgroupBarrier();
    if share == 0u && column < params.columns {
        let total = (partial[local] + partial[local + COLUMNS])
            + (partial[local + 2u * COLUMNS] + partial[local + 3u * COLUMNS]);
        output[mean * params.columns + column] = total / count_of(span);
    }
}

var<workgroup> partial_rest: array<f32, COLUMNS * SHARES>;

// A sum and what its rounding left out, with another value.
fn with_rest(sum: vec2<f32>, value: f32) -> vec2<f32> {
    let total = sum.x + value;
    let part = total - sum.x;
    return vec2<f32>(total, sum.y + ((sum.x - (total - part)) + (value - part)));
}

fn sum_rows_with_rest(first: vec2<f32>, start: u32, end: u32, column: u32) -> vec2<f32> {
    var sum = first;
    for (var row = start; row < end; row += SHARES) {
        sum = with_rest(sum, x[row * params.columns + column]);
    }
    return sum;
}

// The same means with the rest of each sum carried along, since WGSL has no f64.
@compute @workgroup_size(256)
fn mean_rows_carried(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let block = block_of(group_index(group, groups));
    let mean = block.x;
    if mean >= params.spans {
        return;
    }
    let column = block.y + local % COLUMNS;
    let share = local / COLUMNS;
    let span = spans[mean];
    if column < params.columns {
        let first = sum_rows_with_rest(vec2<f32>(0.0), span.x + share, span.y, column);
        let both = sum_rows_with_rest(first, span.z + share, span.w, column);
        partial[local] = both.x;
        partial_rest[local] = both.y;
    }
    workgroupBarrier();
    if share == 0u && column < params.columns {
        var sum = vec2<f32>(partial[local], partial_rest[local]);
        for (var other = 1u; other < SHARES; other++) {
            sum = with_rest(sum, partial[local + other * COLUMNS]);
            sum.y += partial_rest[local + other * COLUMNS];
        }
        output[mean * params.columns + column] = (sum.x + sum.y) / count_of(span);
    }
}

// One workgroup normalises one row.

struct Params {
    rows: u32,
    columns: u32,
    eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;

const GROUP: u32 = 64u;
const EIGHTH: u32 = GROUP / 8u;

var<workgroup> partial: array<f32, GROUP>;
var<workgroup> eighths: array<f32, EIGHTH>;

// The sum of `value` over all invocations, in two steps of eight: barriers cost more than sums.
fn sum(value: f32, local: u32) -> f32 {
    partial[local] = value;
    workgroupBarrier();
    if local < EIGHTH {
        var eighth = 0.0;
        for (var i = local; i < GROUP; i += EIGHTH) {
            eighth += partial[i];
        }
        eighths[local] = eighth;
    }
    workgroupBarrier();
    var total = 0.0;
    for (var i = 0u; i < EIGHTH; i++) {
        total += eighths[i];
    }
    return total;
}

fn sum_of_squares(first: u32, mean: f32, local: u32) -> f32 {
    var squares = 0.0;
    for (var column = local; column < params.columns; column += GROUP) {
        let value = x[first + column] - mean;
        squares += value * value;
    }
    return sum(squares, local);
}

@compute @workgroup_size(64)
fn rms_norm(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = group_index(group, groups);
    if row >= params.rows {
        return;
    }
    let first = row * params.columns;
    let squares = sum_of_squares(first, 0.0, local);
    let factor = 1.0 / sqrt(squares / f32(params.columns) + params.eps);
    for (var column = local; column < params.columns; column += GROUP) {
        output[first + column] = x[first + column] * factor * weight[column];
    }
}

@compute @workgroup_size(64)
fn layer_norm(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = group_index(group, groups);
    if row >= params.rows {
        return;
    }
    let first = row * params.columns;
    let width = f32(params.columns);
    var total = 0.0;
    for (var column = local; column < params.columns; column += GROUP) {
        total += x[first + column];
    }
    let mean = sum(total, local) / width;
    // Deviations from the mean: a difference of squares would lose what a narrow row has.
    let squares = sum_of_squares(first, mean, local);
    let factor = 1.0 / sqrt(squares / width + params.eps);
    for (var column = local; column < params.columns; column += GROUP) {
        let value = (x[first + column] - mean) * factor;
        output[first + column] = value * weight[column] + bias[column];
    }
}

@compute @workgroup_size(64)
fn normalize_rows(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = group_index(group, groups);
    if row >= params.rows {
        return;
    }
    let first = row * params.columns;
    let norm = max(sqrt(sum_of_squares(first, 0.0, local)), 1e-12);
    for (var column = local; column < params.columns; column += GROUP) {
        output[first + column] = x[first + column] / norm;
    }
}

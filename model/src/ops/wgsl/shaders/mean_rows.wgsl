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
    let blocks = (params.columns + COLUMNS - 1u) / COLUMNS;
    let index = group_index(group, groups);
    let mean = index / blocks;
    if mean >= params.spans {
        return;
    }
    let column = index % blocks * COLUMNS + local % COLUMNS;
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
        output[mean * params.columns + column] = total / f32(span.y - span.x + span.w - span.z);
    }
}

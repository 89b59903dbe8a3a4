// x · weight + bias. One workgroup computes a tile of 64 rows and 64 columns, an invocation 8 rows
// and 4 columns of it. Weights are widened as they are brought into the tile.

struct Params {
    rows: u32,
    inner: u32,
    // Of this block of weights.
    columns: u32,
    // The row tiles of this run: rows are split where the whole product takes too long.
    first_tile: u32,
    end_tile: u32,
    has_bias: u32,
    // Where the block's columns are in the product, and how many that has.
    first_column: u32,
    all_columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
// Words of as many neighbours of a column as fit, each row of words one for each column.
@group(0) @binding(3) var<storage, read> weight: array<u32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
// What codes are times, in words in the same order; of other weights anything.
@group(0) @binding(5) var<storage, read> scales: array<u32>;

const TILE: u32 = 64u;
const DEPTH: u32 = 16u;
const INVOCATIONS: u32 = 128u;
const FOURS: u32 = TILE / 4u;
// Rows of `x_tile` are padded, so that invocations that store next to each other use different
// banks.
const STRIDE: u32 = FOURS + 1u;

// [depth][four rows]
var<workgroup> x_tile: array<vec4<f32>, DEPTH * STRIDE>;
// [depth][four columns]
var<workgroup> weight_tile: array<vec4<f32>, DEPTH * FOURS>;

fn x_at(row: u32, k: u32) -> f32 {
    if row < params.rows && k < params.inner {
        return x[row * params.inner + k];
    }
    return 0.0;
}

fn f32_at(k: u32, column: u32) -> f32 {
    return bitcast<f32>(weight[k * params.columns + column]);
}

fn bf16_at(k: u32, column: u32) -> f32 {
    let word = weight[k / 2u * params.columns + column];
    return bitcast<f32>(select(word << 16u, word & 0xffff0000u, k % 2u == 1u));
}

// The number that the lower half of a word is. Devices may take those below its normal range for
// zeros; they are whole multiples of the smallest.
fn half(word: u32) -> f32 {
    let magnitude = word & 0x7fffu;
    let normal = bitcast<f32>((magnitude << 13u) + (112u << 23u));
    let value = select(f32(magnitude) * 5.9604644775390625e-8, normal, magnitude >= 0x400u);
    return select(value, -value, (word & 0x8000u) != 0u);
}

fn f16_at(k: u32, column: u32) -> f32 {
    return half(weight[k / 2u * params.columns + column] >> (16u * (k % 2u)));
}

fn int8_at(k: u32, column: u32) -> f32 {
    let word = bitcast<i32>(weight[k / 4u * params.columns + column]);
    return f32(extractBits(word, 8u * (k % 4u), 8u)) * bitcast<f32>(scales[column]);
}

fn int4_at(k: u32, column: u32) -> f32 {
    let word = bitcast<i32>(weight[k / 8u * params.columns + column]);
    let group = k / 32u;
    let scale = scales[group / 2u * params.columns + column] >> (16u * (group % 2u));
    return f32(extractBits(word, 4u * (k % 8u), 4u)) * half(scale);
}

fn weight_at(k: u32, column: u32) -> f32 {
    if k < params.inner && column < params.columns {
        return $WEIGHT(k, column);
    }
    return 0.0;
}

fn bias_at(column: u32) -> f32 {
    if params.has_bias == 1u && column < params.columns {
        return bias[params.first_column + column];
    }
    return 0.0;
}

fn load(first_row: u32, first_column: u32, first_k: u32, local: u32) {
    for (var i = local; i < DEPTH * FOURS; i += INVOCATIONS) {
        let k = i % DEPTH;
        let four = i / DEPTH;
        let row = first_row + 4u * four;
        x_tile[k * STRIDE + four] = vec4<f32>(
            x_at(row, first_k + k),
            x_at(row + 1u, first_k + k),
            x_at(row + 2u, first_k + k),
            x_at(row + 3u, first_k + k),
        );
    }
    for (var i = local; i < DEPTH * FOURS; i += INVOCATIONS) {
        let k = first_k + i / FOURS;
        let column = first_column + 4u * (i % FOURS);
        weight_tile[i] = vec4<f32>(
            weight_at(k, column),
            weight_at(k, column + 1u),
            weight_at(k, column + 2u),
            weight_at(k, column + 3u),
        );
    }
}

fn store(row: u32, column: u32, values: vec4<f32>) {
    if row >= params.rows {
        return;
    }
    let place = row * params.all_columns + params.first_column + column;
    if column < params.columns {
        output[place] = values.x;
    }
    if column + 1u < params.columns {
        output[place + 1u] = values.y;
    }
    if column + 2u < params.columns {
        output[place + 2u] = values.z;
    }
    if column + 3u < params.columns {
        output[place + 3u] = values.w;
    }
}

@compute @workgroup_size(128)
fn matmul(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let column_tiles = (params.columns + TILE - 1u) / TILE;
    let index = group_index(group, groups);
    let row_tile = params.first_tile + index / column_tiles;
    if row_tile >= params.end_tile {
        return;
    }
    let first_row = row_tile * TILE;
    let first_column = index % column_tiles * TILE;
    let four = local % FOURS;
    let eight = local / FOURS;
    let column = first_column + 4u * four;
    let start = vec4<f32>(
        bias_at(column),
        bias_at(column + 1u),
        bias_at(column + 2u),
        bias_at(column + 3u),
    );
    var row_0 = start;
    var row_1 = start;
    var row_2 = start;
    var row_3 = start;
    var row_4 = start;
    var row_5 = start;
    var row_6 = start;
    var row_7 = start;
    for (var first_k = 0u; first_k < params.inner; first_k += DEPTH) {
        load(first_row, first_column, first_k, local);
        workgroupBarrier();
        for (var k = 0u; k < DEPTH; k++) {
            let low = x_tile[k * STRIDE + 2u * eight];
            let high = x_tile[k * STRIDE + 2u * eight + 1u];
            let by = weight_tile[k * FOURS + four];
            row_0 += low.x * by;
            row_1 += low.y * by;
            row_2 += low.z * by;
            row_3 += low.w * by;
            row_4 += high.x * by;
            row_5 += high.y * by;
            row_6 += high.z * by;
            row_7 += high.w * by;
        }
        workgroupBarrier();
    }
    let row = first_row + 8u * eight;
    store(row, column, row_0);
    store(row + 1u, column, row_1);
    store(row + 2u, column, row_2);
    store(row + 3u, column, row_3);
    store(row + 4u, column, row_4);
    store(row + 5u, column, row_5);
    store(row + 6u, column, row_6);
    store(row + 7u, column, row_7);
}

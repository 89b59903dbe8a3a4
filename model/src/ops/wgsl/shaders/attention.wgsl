// Softmax attention in one pass over the keys (Dao et al. 2022, arXiv:2205.14135). One workgroup
// answers 32 queries of one segment for one head, 32 keys at a time; an invocation computes the
// scores of 4 queries with 4 keys, and 4 columns of each chunk of 32 columns of the result.
//
// Lines that speak of a chunk by number are repeated for each chunk of the head's columns.

struct Params {
    heads: u32,
    kv_heads: u32,
    head_width: u32,
    tiles: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
@group(0) @binding(2) var<storage, read> q: array<f32>;
@group(0) @binding(3) var<storage, read> k: array<f32>;
@group(0) @binding(4) var<storage, read> v: array<f32>;
// For each tile its segment's place and its first query; then segments; then bits of masks.
@group(0) @binding(5) var<storage, read> tables: array<u32>;

const BLOCK: u32 = 32u;
const FOURS: u32 = BLOCK / 4u;
const INVOCATIONS: u32 = FOURS * FOURS;
// Padded, so that invocations that store next to each other use different banks.
const STRIDE: u32 = FOURS + 1u;

const CAUSAL: u32 = 1u;
const KEYS: u32 = 2u;
const PAIRS: u32 = 3u;

// A masked score, far below any real one and still finite.
const MASKED: f32 = -1e30;
// Below a masked one: where no key was seen yet.
const NOTHING: f32 = -3e38;

struct Segment {
    first_query: u32,
    queries: u32,
    shared_start: u32,
    shared_keys: u32,
    own_start: u32,
    own_keys: u32,
    mask: u32,
    // Of a causal mask the keys before the first query's own; of others where its bits start.
    argument: u32,
}

// What an invocation works on: `four_queries` and, of keys and columns alike, `four`.
struct Place {
    segment: Segment,
    first_query: u32,
    keys: u32,
    head: u32,
    kv_head: u32,
    local: u32,
    four_queries: u32,
    four: u32,
}

// [column][four queries], of one chunk of columns
var<workgroup> q_tile: array<vec4<f32>, BLOCK * STRIDE>;
// [column][four keys] for the scores, then [key][four columns] of the values
var<workgroup> kv_tile: array<vec4<f32>, BLOCK * STRIDE>;
// [key][four queries]
var<workgroup> weights: array<vec4<f32>, BLOCK * STRIDE>;
// [four][four queries]
var<workgroup> partial: array<vec4<f32>, INVOCATIONS>;

fn read_segment(place: u32) -> Segment {
    return Segment(
        tables[place],
        tables[place + 1u],
        tables[place + 2u],
        tables[place + 3u],
        tables[place + 4u],
        tables[place + 5u],
        tables[place + 6u],
        tables[place + 7u],
    );
}

fn key_row(segment: Segment, key: u32) -> u32 {
    if key < segment.shared_keys {
        return segment.shared_start + key;
    }
    return segment.own_start + key - segment.shared_keys;
}

fn q_at(at: Place, query: u32, column: u32) -> f32 {
    if query < at.segment.queries && column < params.head_width {
        let row = at.segment.first_query + query;
        return params.scale * q[(row * params.heads + at.head) * params.head_width + column];
    }
    return 0.0;
}

fn kv_index(at: Place, key: u32, column: u32) -> u32 {
    let row = key_row(at.segment, key);
    return (row * params.kv_heads + at.kv_head) * params.head_width + column;
}

fn k_at(at: Place, key: u32, column: u32) -> f32 {
    if key < at.keys && column < params.head_width {
        return k[kv_index(at, key, column)];
    }
    return 0.0;
}

fn v_at(at: Place, key: u32, column: u32) -> f32 {
    if key < at.keys && column < params.head_width {
        return v[kv_index(at, key, column)];
    }
    return 0.0;
}

// Invocations next to each other read columns next to each other.
fn load_queries_and_keys(at: Place, first_key: u32, first_column: u32) {
    for (var i = at.local; i < BLOCK * FOURS; i += INVOCATIONS) {
        let own = i % BLOCK;
        let column = first_column + own;
        let four = i / BLOCK;
        let query = at.first_query + 4u * four;
        let key = first_key + 4u * four;
        q_tile[own * STRIDE + four] = vec4<f32>(
            q_at(at, query, column),
            q_at(at, query + 1u, column),
            q_at(at, query + 2u, column),
            q_at(at, query + 3u, column),
        );
        kv_tile[own * STRIDE + four] = vec4<f32>(
            k_at(at, key, column),
            k_at(at, key + 1u, column),
            k_at(at, key + 2u, column),
            k_at(at, key + 3u, column),
        );
    }
}

fn load_values(at: Place, first_key: u32, first_column: u32) {
    for (var i = at.local; i < BLOCK * FOURS; i += INVOCATIONS) {
        let key = first_key + i / FOURS;
        let four = i % FOURS;
        let column = first_column + 4u * four;
        kv_tile[i / FOURS * STRIDE + four] = vec4<f32>(
            v_at(at, key, column),
            v_at(at, key, column + 1u),
            v_at(at, key, column + 2u),
            v_at(at, key, column + 3u),
        );
    }
}

// Scores of the invocation's queries (rows of a vector) with its keys (columns of the matrix).
fn score(at: Place, first_key: u32) -> mat4x4<f32> {
    var scores = mat4x4<f32>();
    for (var column = 0u; column < params.head_width; column += BLOCK) {
        workgroupBarrier();
        load_queries_and_keys(at, first_key, column);
        workgroupBarrier();
        for (var i = 0u; i < BLOCK; i++) {
            let queries = q_tile[i * STRIDE + at.four_queries];
            let keys = kv_tile[i * STRIDE + at.four];
            scores[0] += queries * keys.x;
            scores[1] += queries * keys.y;
            scores[2] += queries * keys.z;
            scores[3] += queries * keys.w;
        }
    }
    return scores;
}

fn bit(first_word: u32, index: u32) -> bool {
    return ((tables[first_word + index / 32u] >> (index % 32u)) & 1u) == 1u;
}

fn sees(at: Place, query: u32, key: u32) -> bool {
    switch at.segment.mask {
        case CAUSAL: {
            return key <= at.segment.argument + query;
        }
        case KEYS: {
            return bit(at.segment.argument, key);
        }
        case PAIRS: {
            return bit(at.segment.argument, query * at.keys + key);
        }
        default: {
            return true;
        }
    }
}

// The scores of one key, masked.
fn hide(at: Place, scores: vec4<f32>, key: u32) -> vec4<f32> {
    if at.segment.mask == 0u || key >= at.keys {
        return scores;
    }
    // Queries after the last are like the last: they are computed and not stored.
    let last = at.segment.queries - 1u;
    let query = at.first_query + 4u * at.four_queries;
    let visible = vec4<bool>(
        sees(at, min(query, last), key),
        sees(at, min(query + 1u, last), key),
        sees(at, min(query + 2u, last), key),
        sees(at, min(query + 3u, last), key),
    );
    return select(vec4<f32>(MASKED), scores, visible);
}

// What a score adds to the highest: nothing, where there is no key.
fn candidate(at: Place, scores: vec4<f32>, key: u32) -> vec4<f32> {
    return select(vec4<f32>(NOTHING), scores, key < at.keys);
}

fn weigh(at: Place, scores: vec4<f32>, highest: vec4<f32>, key: u32) -> vec4<f32> {
    return select(vec4<f32>(0.0), exp_down(scores - highest), key < at.keys);
}

// The highest of the invocation's queries over all invocations that share them.
fn highest_of(at: Place, own: vec4<f32>) -> vec4<f32> {
    partial[at.four * FOURS + at.four_queries] = own;
    workgroupBarrier();
    var highest = own;
    for (var four = 0u; four < FOURS; four++) {
        highest = max(highest, partial[four * FOURS + at.four_queries]);
    }
    return highest;
}

// Adds the weighted values of one chunk. Columns of the matrix are queries.
fn mix(at: Place, before: mat4x4<f32>, first_key: u32, chunk: u32) -> mat4x4<f32> {
    workgroupBarrier();
    load_values(at, first_key, chunk * BLOCK);
    workgroupBarrier();
    var mixed = before;
    for (var key = 0u; key < BLOCK; key++) {
        let shares = weights[key * STRIDE + at.four_queries];
        let values = kv_tile[key * STRIDE + at.four];
        mixed[0] += shares.x * values;
        mixed[1] += shares.y * values;
        mixed[2] += shares.z * values;
        mixed[3] += shares.w * values;
    }
    return mixed;
}

fn rescale(mixed: mat4x4<f32>, by: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(mixed[0] * by.x, mixed[1] * by.y, mixed[2] * by.z, mixed[3] * by.w);
}

fn store_query(at: Place, query: u32, chunk: u32, values: vec4<f32>) {
    if query >= at.segment.queries {
        return;
    }
    let column = chunk * BLOCK + 4u * at.four;
    let row = at.segment.first_query + query;
    let place = (row * params.heads + at.head) * params.head_width + column;
    if column < params.head_width {
        output[place] = values.x;
    }
    if column + 1u < params.head_width {
        output[place + 1u] = values.y;
    }
    if column + 2u < params.head_width {
        output[place + 2u] = values.z;
    }
    if column + 3u < params.head_width {
        output[place + 3u] = values.w;
    }
}

fn store(at: Place, chunk: u32, mixed: mat4x4<f32>) {
    let query = at.first_query + 4u * at.four_queries;
    store_query(at, query, chunk, mixed[0]);
    store_query(at, query + 1u, chunk, mixed[1]);
    store_query(at, query + 2u, chunk, mixed[2]);
    store_query(at, query + 3u, chunk, mixed[3]);
}

// How many leading keys the tile's queries can see at all.
fn visible_keys(segment: Segment, first_query: u32, keys: u32) -> u32 {
    if segment.mask == CAUSAL {
        let last_query = min(first_query + BLOCK, segment.queries) - 1u;
        return min(keys, segment.argument + last_query + 1u);
    }
    return keys;
}

@compute @workgroup_size(64)
fn attention(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let tile = group_index(group, groups);
    if tile >= params.tiles {
        return;
    }
    let segment = read_segment(tables[2u * tile]);
    let first_query = tables[2u * tile + 1u];
    let keys = segment.shared_keys + segment.own_keys;
    let head = group.z;
    let kv_head = head * params.kv_heads / params.heads;
    let at = Place(segment, first_query, keys, head, kv_head, local, local % FOURS, local / FOURS);
    let seen = visible_keys(segment, first_query, keys);

    var highest = vec4<f32>(NOTHING);
    var total = vec4<f32>(0.0);
    var mixed_$CHUNK = mat4x4<f32>();
    for (var first_key = 0u; first_key < seen; first_key += BLOCK) {
        let key = first_key + 4u * at.four;
        let scores = score(at, first_key);
        let score_0 = hide(at, scores[0], key);
        let score_1 = hide(at, scores[1], key + 1u);
        let score_2 = hide(at, scores[2], key + 2u);
        let score_3 = hide(at, scores[3], key + 3u);
        let low = max(candidate(at, score_0, key), candidate(at, score_1, key + 1u));
        let high = max(candidate(at, score_2, key + 2u), candidate(at, score_3, key + 3u));
        let now = highest_of(at, max(highest, max(low, high)));
        let before = exp_down(highest - now);
        highest = now;

        let weight_0 = weigh(at, score_0, now, key);
        let weight_1 = weigh(at, score_1, now, key + 1u);
        let weight_2 = weigh(at, score_2, now, key + 2u);
        let weight_3 = weigh(at, score_3, now, key + 3u);
        total = total * before + ((weight_0 + weight_1) + (weight_2 + weight_3));
        weights[4u * at.four * STRIDE + at.four_queries] = weight_0;
        weights[(4u * at.four + 1u) * STRIDE + at.four_queries] = weight_1;
        weights[(4u * at.four + 2u) * STRIDE + at.four_queries] = weight_2;
        weights[(4u * at.four + 3u) * STRIDE + at.four_queries] = weight_3;
        mixed_$CHUNK = mix(at, rescale(mixed_$CHUNK, before), first_key, $CHUNKu);
    }

    workgroupBarrier();
    partial[at.four * FOURS + at.four_queries] = total;
    workgroupBarrier();
    var sum = vec4<f32>(0.0);
    for (var four = 0u; four < FOURS; four++) {
        sum += partial[four * FOURS + at.four_queries];
    }
    let share = 1.0 / sum;
    store(at, $CHUNKu, rescale(mixed_$CHUNK, share));
}

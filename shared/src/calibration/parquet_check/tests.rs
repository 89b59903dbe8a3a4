use super::*;

/// A number in groups of seven bits.
fn number(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A page of this kind with a header that announces these sizes.
fn page(kind: u8, uncompressed: u64, values: u64, encoding: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x15, kind << 1, 0x15];
    bytes.extend(number(uncompressed << 1));
    bytes.push(0x15);
    bytes.extend(number((body.len() as u64) << 1));
    bytes.push(if kind == 2 { 0x4c } else { 0x2c });
    bytes.push(0x15);
    bytes.extend(number(values << 1));
    bytes.extend([0x15, encoding << 1, 0, 0]);
    bytes.extend(body);
    bytes
}

fn bytes_of(pages: &[u8], values: u64) -> Checked<u64> {
    let file = in_memory(pages);
    column_bytes(&file, (0, pages.len() as u64), values)
}

#[test]
fn pages_follow_each_other() {
    let mut pages = page(2, 10, 2, 0, &[7; 5]);
    pages.extend(page(0, 9, 3, 8, &[1, 2, 3]));
    pages.extend(page(0, 20_000, 4, 8, &[9; 10_000]));
    pages.extend(page(0, 8, 3, 8, &[1, 2, 3]));
    assert_eq!(bytes_of(&pages, 10).unwrap(), 5 + 10 + 2 * 32 + 30_000);
    assert!(bytes_of(&pages, 9).is_err(), "too many values");
    for end in 1..pages.len() {
        drop(bytes_of(&pages[..end], 10));
    }
    let one = page(0, 9, 3, 8, &[1, 2, 3]);
    for end in 1..one.len() {
        assert!(bytes_of(&one[..end], 10).is_err(), "{end}");
    }
}

/// A place for each value was set aside before one was read: gigabytes for a page of some bytes.
#[test]
fn a_dictionary_of_few_bytes_had_two_billion_values() {
    let error = bytes_of(&page(2, 10, (1 << 31) - 1, 0, &[7; 5]), 10).unwrap_err();
    assert!(error.to_string().contains("too short"), "{error}");
}

#[test]
fn a_page_announced_more_than_its_number_can_say() {
    for size in [1_u64 << 31, (1 << 32) + 5, u64::MAX >> 1] {
        assert!(
            bytes_of(&page(0, size, 1, 0, &[7; 5]), 10).is_err(),
            "{size}"
        );
        assert!(
            bytes_of(&page(0, 9, size, 0, &[7; 5]), 10).is_err(),
            "{size}"
        );
    }
}

/// The reader took no bytes for a boolean of a list, saw other fields behind it than were checked, and
/// passed two billion floats over behind the end of the file.
#[test]
fn a_list_of_booleans_hid_what_stood_behind_it() {
    for kind in [1, 2, 7] {
        let mut header = vec![0x99, 0x10 | kind];
        header.extend([0; 8]);
        header.extend(page(0, 9, 1, 8, &[7; 5]));
        let error = bytes_of(&header, 10).unwrap_err();
        assert!(error.to_string().contains("list"), "{kind}: {error}");
    }
}

#[test]
fn texts_by_differences_told_their_own_number() {
    for encoding in [6, 7] {
        assert!(bytes_of(&page(0, 9, 1, encoding, &[7; 5]), 10).is_err());
    }
}

/// A file with a footer of this schema.
fn with_schema(elements: &[(u64, &str)]) -> impl ChunkReader + use<> {
    let mut footer = vec![0x15, 2, 0x19, 0xfc];
    footer.extend(number(elements.len() as u64));
    for (children, name) in elements {
        footer.push(0x48);
        footer.extend(number(name.len() as u64));
        footer.extend(name.as_bytes());
        footer.push(0x15);
        footer.extend(number(children << 1));
        footer.push(0);
    }
    footer.push(0);
    let length = (footer.len() as u32).to_le_bytes();
    let mut bytes = b"PAR1".to_vec();
    bytes.extend(&footer);
    bytes.extend(length);
    bytes.extend(b"PAR1");
    in_memory(&bytes)
}

/// The reader of schemas calls itself for each level, and the stack ended with the program.
#[test]
fn a_schema_was_nested_without_end() {
    check_footer(&with_schema(&[(2, "a"), (0, "b"), (0, "c")])).unwrap();
    check_footer(&with_schema(&[(1, "a"); 60])).unwrap();
    let error = check_footer(&with_schema(&[(1, "a"); 4_000])).unwrap_err();
    assert!(error.to_string().contains("nested"), "{error}");
    assert!(check_footer(&with_schema(&vec![(0, "a"); 5_000])).is_err());
}

/// Each column's path repeats the names of all groups around it.
#[test]
fn names_of_groups_were_kept_for_every_column() {
    let long = "a".repeat(100_000);
    let mut elements = vec![(4_000, long.as_str())];
    elements.extend(vec![(0, "b"); 4_000]);
    let error = check_footer(&with_schema(&elements)).unwrap_err();
    assert!(error.to_string().contains("names"), "{error}");
}

#[test]
fn a_footer_was_as_long_as_it_said() {
    let mut bytes = vec![0; MAX_PARQUET_FOOTER_BYTES + 100];
    let end = bytes.len();
    bytes[end - 8..end - 4].copy_from_slice(&(MAX_PARQUET_FOOTER_BYTES as u32 + 1).to_le_bytes());
    bytes[end - 4..].copy_from_slice(b"PAR1");
    assert!(check_footer(&in_memory(&bytes)).is_err());
    check_footer(&in_memory(b"no table")).unwrap();
}

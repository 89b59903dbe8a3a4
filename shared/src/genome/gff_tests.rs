use super::*;

fn read(text: &str) -> Result<Vec<Transcript>> {
    let bytes = io::Cursor::new(text.to_owned().into_bytes());
    read_transcripts(Box::new(bytes), "a.gff3", text.len() as u64)
}

#[test]
fn coding_rows_set_the_frame() {
    let row = |kind: &str, first: u64, last: u64, parent: &str| {
        format!("chr1\t.\t{kind}\t{first}\t{last}\t.\t-\t.\tID=x;Parent={parent};gene_name=G\n")
    };
    let text = [
        "##gff-version 3\n".to_owned(),
        row("gene", 1, 99, "g"),
        row("exon", 51, 60, "t1,t2"),
        row("exon", 11, 30, "t1"),
        row("CDS", 16, 30, "t1"),
        row("CDS", 51, 53, "t1"),
        row("stop_codon", 13, 15, "t1"),
    ]
    .concat();
    let transcripts = read(&text).unwrap();
    assert_eq!(transcripts.len(), 2);
    let transcript = &transcripts[0];
    assert_eq!(
        (
            transcript.gene(),
            transcript.spliced_bp(),
            transcript.exons().len()
        ),
        ("G", 30, 2)
    );
    // On the reverse strand the first coding base is position 53, the eighth of the exon.
    assert_eq!(transcript.coding(), Some(7..7 + 3 + 15 + 3));
    assert_eq!(transcripts[1].coding(), None);
    // A transcript whose start is not known begins within a codon.
    let cut = text.replace(".\tCDS\t51\t53\t.\t-\t.", ".\tCDS\t51\t53\t.\t-\t2");
    assert_ne!(cut, text);
    assert_eq!(read(&cut).unwrap()[0].coding(), Some(9..28));
}

#[test]
fn gtf_gives_the_same_transcripts() -> Result<()> {
    let row = |kind: &str, first: u64, last: u64, phase: &str, attributes: &str| {
        format!("chr1\t.\t{kind}\t{first}\t{last}\t.\t+\t{phase}\t{attributes}\n")
    };
    let file = |attributes: &str| {
        [
            row("exon", 11, 30, ".", attributes),
            row("CDS", 16, 30, "0", attributes),
        ]
        .concat()
    };
    let gff3 = read(&file("ID=x;Parent=t1;gene_name=G"))?;
    let gtf = read(&file(r#"gene_id "g1"; transcript_id "t1"; gene_name "G";"#))?;
    assert_eq!(gtf, gff3);
    assert_eq!(gtf[0].coding(), Some(5..20));
    Ok(())
}

/// Identifiers and names were taken as they stand, with `%2C` for a comma.
#[test]
fn percent_encoded_attributes_were_never_decoded() {
    let row = |kind: &str, attributes: &str| {
        format!("chr%31\t.\t{kind}\t11\t40\t.\t+\t.\t{attributes}\n")
    };
    let text = row(
        "exon",
        "ID=e;Parent=t%2C1,t%3B2; gene_name=HLA%2DA %26 friends",
    ) + &row("CDS", "Parent=t%2C1;Note=100%25 = all");
    let transcripts = read(&text).unwrap();
    let genes: Vec<&str> = transcripts.iter().map(Transcript::gene).collect();
    assert_eq!(genes, ["HLA-A & friends", "HLA-A & friends"]);
    assert_eq!(transcripts[0].contig(), "chr1");
    assert_eq!(transcripts[0].coding(), Some(0..30));
    assert_eq!(transcripts[1].coding(), None);
    let text = row("exon", "Parent=NM_1%2E2");
    assert_eq!(read(&text).unwrap()[0].gene(), "NM_1.2");
}

#[test]
fn ensembl_names_genes_and_transcripts_in_rows_of_their_own() -> Result<()> {
    let row =
        |kind: &str, attributes: &str| format!("17\t.\t{kind}\t11\t40\t.\t-\t.\t{attributes}\n");
    let text = [
        row("gene", "ID=gene:ENSG1;Name=BRCA1;biotype=protein_coding"),
        row(
            "mRNA",
            "ID=transcript:ENST1;Parent=gene:ENSG1;tag=basic,Ensembl_canonical",
        ),
        row("exon", "Parent=transcript:ENST1;Name=ENSE1"),
        row("CDS", "ID=CDS:ENSP1;Parent=transcript:ENST1"),
        row("exon", "Parent=transcript:ENST2;Name=ENSE1"),
    ];
    let transcripts = read(&text.concat())?;
    let names = |at: usize| (transcripts[at].gene(), transcripts[at].name());
    assert_eq!(names(0), ("BRCA1", "ENST1"));
    assert_eq!(names(1), ("ENST2", "ENST2"));
    assert!(transcripts[0].standing() < transcripts[1].standing());
    Ok(())
}

#[test]
fn malformed_rows_are_located() {
    for row in [
        "chr1\t.\texon\t1",
        "chr1\t.\texon\t0\t5\t.\t+\t.\tParent=t",
        "chr1\t.\texon\t1\t5\t.\t+\t.\tID=t",
        "chr1\t.\texon\t1\t5\t.\t.\t.\tParent=t",
    ] {
        assert_eq!(
            read(&format!("##gff\n{row}\n"))
                .unwrap_err()
                .location()
                .and_then(|at| at.line),
            Some(2),
            "{row}"
        );
    }
}

/// Genes and names of the transcripts of rows on chr1.
fn named(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    let row = |(kind, attributes): &(&str, &str)| {
        format!("chr1\t.\t{kind}\t11\t40\t.\t+\t.\t{attributes}\n")
    };
    let text: String = rows.iter().map(row).collect();
    let names = |one: &Transcript| (one.gene().to_owned(), one.name().to_owned());
    read(&text).unwrap().iter().map(names).collect()
}

fn owned(names: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |&(gene, name): &(&str, &str)| (gene.to_owned(), name.to_owned());
    names.iter().map(owned).collect()
}

#[test]
fn a_gene_without_a_symbol_was_named_by_its_transcript() {
    let ensembl = [
        ("gene", "ID=gene:ENSG1;gene_id=ENSG1"),
        ("mRNA", "ID=transcript:ENST1;Parent=gene:ENSG1"),
        ("exon", "Parent=transcript:ENST1"),
        ("mRNA", "ID=transcript:ENST2;Parent=gene:ENSG1"),
        ("exon", "Parent=transcript:ENST2"),
        ("mRNA", "ID=transcript:ENST3"),
        ("exon", "Parent=transcript:ENST3"),
    ];
    let expected = [("ENSG1", "ENST1"), ("ENSG1", "ENST2"), ("ENST3", "ENST3")];
    assert_eq!(named(&ensembl), owned(&expected));
    let gtf = [
        ("exon", r#"gene_id "ENSG1"; transcript_id "ENST1";"#),
        ("exon", r#"gene_id "ENSG1"; transcript_id "ENST2";"#),
    ];
    assert_eq!(named(&gtf), owned(&expected[..2]));
}

#[test]
fn transcripts_of_refseq_were_named_by_their_rows_identifiers() {
    let refseq = [
        (
            "exon",
            "ID=exon-NM_000999.4-2-1;Parent=rna-NM_000999.4-2;gene=RPL38;transcript_id=NM_000999.4",
        ),
        ("CDS", "Parent=rna-NM_000999.4-2;gene=RPL38"),
        ("exon", "Parent=rna-TRNF;gene=TRNF"),
        ("exon", "Parent=t1,t2;gene=G;transcript_id=t"),
    ];
    let expected = [
        ("RPL38", "NM_000999.4"),
        ("TRNF", "TRNF"),
        ("G", "t1"),
        ("G", "t2"),
    ];
    assert_eq!(named(&refseq), owned(&expected));
}

#[test]
fn rows_of_one_identifier_on_x_and_y_became_one_transcript() -> Result<()> {
    let row = |contig: &str, first: u64, strand: &str| {
        let attributes = r#"gene_id "g"; transcript_id "t"; gene_name "SHOX";"#;
        let last = first + 9;
        format!("{contig}\t.\texon\t{first}\t{last}\t.\t{strand}\t.\t{attributes}\n")
    };
    // The same exons twice were refused as overlapping.
    let text = row("chrX", 11, "+") + &row("chrY", 11, "+") + &row("chrX", 31, "+");
    let transcripts = read(&(text + &row("chrX", 51, "-")))?;
    let places: Vec<_> = transcripts
        .iter()
        .map(|one| (one.contig(), one.strand(), one.exons().len(), one.name()))
        .collect();
    assert_eq!(
        places,
        [
            ("chrX", Strand::Forward, 2, "t"),
            ("chrY", Strand::Forward, 1, "t"),
            ("chrX", Strand::Reverse, 1, "t"),
        ]
    );
    Ok(())
}

//! Standard output that takes nothing: full, it fails the command; closed by its reader, it is quiet.

use std::process::{Output, Stdio};

use super::{Stage, hourwire_into, play, stage, text, with_snapshot};

/// Commands that need no engine, each with another way to standard output.
const ALONE: [&[&str]; 7] = [
    &["themes"],
    &["themes", "--json"],
    &["keys"],
    &["completions", "bash"],
    &["status", "--help"],
    &["--help"],
    &["--version"],
];

async fn status_into(args: &'static [&'static str], stdout: Stdio) -> Output {
    let Stage { state, arrivals, _lock, _cancel } = stage();
    let command = tokio::task::spawn_blocking(move || hourwire_into(state.path(), args, stdout));
    tokio::select! {
        output = command => output.expect("the command ended"),
        () = play(arrivals, with_snapshot) => panic!("the door closed first"),
    }
}

/// A device that refuses every byte for want of room; Linux alone has one.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_under_standard_output_fails_the_command() {
    let full =
        || Stdio::from(std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full device"));
    let state = tempfile::tempdir().expect("a folder");
    let mut outputs: Vec<(&[&str], Output)> =
        ALONE.iter().map(|args| (*args, hourwire_into(state.path(), args, full()))).collect();
    for args in [["status", "--json"].as_slice(), &["status"]] {
        outputs.push((args, status_into(args, full()).await));
    }
    for (args, output) in outputs {
        let complaint = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {complaint}");
        assert!(complaint.starts_with("hourwire: standard output is cut short"), "{args:?}: {complaint}");
        assert_eq!(complaint.lines().count(), 1, "{args:?}: {complaint}");
    }
}

#[tokio::test]
async fn a_reader_that_went_away_is_no_failure() {
    let closed = || Stdio::from(std::io::pipe().expect("a pipe").1);
    let state = tempfile::tempdir().expect("a folder");
    let mut outputs: Vec<(&[&str], Output)> =
        ALONE.iter().map(|args| (*args, hourwire_into(state.path(), args, closed()))).collect();
    for args in [["status", "--json"].as_slice(), &["status"]] {
        outputs.push((args, status_into(args, closed()).await));
    }
    for (args, output) in outputs {
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{args:?}");
    }
}

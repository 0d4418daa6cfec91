//! Every mistake in a config gets one message with its place and a remedy, exit code 2, and leaves
//! nothing on disk.

use std::fs;

use super::sweep;

/// The message for a config; checks the exit code and that nothing was created.
fn message(config: &str, overrides: &str) -> String {
    message_beside(config, overrides, None)
}

/// The same, with a file `p.csv` beside the config.
fn message_beside(config: &str, overrides: &str, matrix: Option<&str>) -> String {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("bad.toml"), config).unwrap();
    if let Some(matrix) = matrix {
        fs::write(home.path().join("p.csv"), matrix).unwrap();
    }
    let output = sweep(home.path(), &format!("run bad.toml {overrides}"));
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(output.stdout.is_empty());
    let mut left: Vec<_> = fs::read_dir(home.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    let given = if matrix.is_some() { &["bad.toml", "p.csv"][..] } else { &["bad.toml"] };
    assert_eq!(left, given, "nothing is created");
    err
}

/// One snapshot per mistake: `name => config [, overrides]`.
macro_rules! mistakes {
    ($($name:ident: $config:expr $(, $overrides:expr)?;)*) => {$(
        #[test]
        fn $name() {
            let overrides = String::new() $(+ $overrides)?;
            insta::assert_snapshot!(message($config, &overrides));
        }
    )*};
}

const GRID: &str = "[grid]\nN = 3\nQ = 1\nT = 64\n";

/// A search that is right, but for what a mistake adds to it.
const SEARCH: &str = "[grid]\nN = 3\nQ = 1\nT = [64, 256]\n[training]\nboost = { end_kept_mass = 0.5, end_alpha = false, end_share = false }\n[search]\n";
const BATCH: &str = "batch_size = { start = \"T/4\", factor = 2, min = 4, max = \"8*T\" }\n";

mistakes! {
    a_search_of_nothing: SEARCH;
    a_search_that_starts_out_of_bounds: &format!("{SEARCH}batch_size = {{ start = \"T/4\", factor = 2, min = 32, max = \"8*T\" }}\n");
    a_search_in_steps_of_one: &format!("{SEARCH}batch_size = {{ start = 16, factor = 1, min = 4, max = 512 }}\n");
    a_search_without_a_bound: &format!("{SEARCH}batch_size = {{ start = 16, factor = 2, min = 4 }}\n");
    a_search_of_a_number: &format!("{SEARCH}batch_size = 16\n");
    a_search_of_what_is_in_the_grid: &format!("{SEARCH}{BATCH}"), "batch_size=16,32";
    a_search_of_what_a_section_sets: &format!("{SEARCH}cut = {{ start = 0.2, factor = 2, min = 0.01, max = 0.9 }}\n"), "training.cut=0.1";
    a_search_of_a_condition: &format!("{SEARCH}persistence = {{ start = 0.2, factor = 2, min = 0.01, max = 0.9 }}\n");
    a_search_whose_stage_ends_by_the_budget: &format!("{SEARCH}{BATCH}"), "training.sparse.end_share=0.5";
    a_search_with_rungs_that_fall: &format!("{SEARCH}rungs = [4, 3]\n{BATCH}");
    a_search_with_an_unknown_key: &format!("{SEARCH}rung = [4, 8]\n{BATCH}");
    a_search_nobody_judges: &format!("replicates = 0\n{SEARCH}{BATCH}");
    a_search_with_a_bound_of_an_unknown_name: &format!("{SEARCH}batch_size = {{ start = 16, factor = 2, min = 4, max = \"8*L\" }}\n");
    a_search_of_one_cell_by_two_grids: &format!("[[grid]]\nN = 3\nQ = 1\nT = 64\n[grid.search]\n{BATCH}[[grid]]\nN = 3\nQ = 1\nT = [32, 64]\nsearch = false\n");
    a_search_of_a_cell_with_several_settings: &format!("{SEARCH}{BATCH}"), "lambda=0.01,0.02";
    a_search_that_is_true: "[grid]\nN = 3\nQ = 1\nT = 64\nsearch = true\n";
    ranges_with_too_many_values: "[grid]\nN = 3\nQ = 1\nT = 64\nlambda = { lin = [0, 1], points = 100000 }\neta_boost = { lin = [0.1, 1], points = 100000 }\ncut = { lin = [0, 1], points = 2 }\n";
    more_jobs_than_can_be_planned: &format!("max_jobs = 1_000_000_000\n{GRID}");
    a_million_million_points: "max_jobs = 100_000_000\n[grid]\nN = 3\nQ = 1\nT = 64\nlambda = { lin = [0, 1], points = 10000 }\neta_boost = { lin = [0.1, 1], points = 10000 }\ncut = { lin = [0, 1], points = 10000 }\n";
    an_override_of_many_names: GRID, "a.b.c.d.e=1";
    more_cores_than_there_are: GRID, "-j 100000";
    a_shard_that_there_is_not: GRID, "--shard 5/4";
    text_that_is_no_toml: "[grid\nN = 3\n";
    an_unknown_key_in_the_grid: "[grid]\nN = 3\nQ = 1\nT = 64\neta_bost = 0.1\n";
    an_unknown_key_at_the_top: &format!("replicate = 4\n{GRID}");
    an_axis_outside_the_grid: &format!("batch_size = 4\n{GRID}");
    an_unknown_key_in_training: &format!("{GRID}[training]\nmax_sample = 100\n");
    an_unknown_key_of_a_stage: &format!("{GRID}[training.boost]\nend_alfa = 0.5\n");
    a_wrong_type: "[grid]\nN = true\nQ = 1\nT = 64\n";
    a_wrong_type_of_a_section: &format!("training = 3\n{GRID}");
    replicates_as_a_string: &format!("replicates = \"many\"\n{GRID}");
    no_grid: "seed = 3\n";
    no_sequence_length: "[grid]\nN = 3\nQ = 1\n";
    an_empty_axis: "[grid]\nN = 3\nQ = []\nT = 64\n";
    more_positions_than_there_are: "[grid]\nN = 3\nQ = [1, 2, 40]\nT = [32, 64]\n";
    attention_to_everything: "[grid]\nN = 3\nQ = 4\nT = 4\n";
    too_many_states: "[grid]\nN = [4, 300]\nQ = 1\nT = 64\n";
    half_a_state: "[grid]\nN = 2.5\nQ = 1\nT = 64\n";
    a_negative_step: &format!("{GRID}eta_boost = [0.1, -0.1]\n");
    a_where_that_nothing_satisfies: &format!("{GRID}where = \"T < Q\"\n");
    a_where_that_is_no_condition: &format!("{GRID}where = \"T - 64\"\n");
    a_bad_expression: &format!("{GRID}batch_size = [16, \"T/(4\"]\n");
    an_expression_with_an_unknown_name: &format!("{GRID}batch_size = \"L/4\"\n");
    an_expression_that_looks_ahead: &format!("{GRID}batch_size = \"eta_boost*100\"\neta_boost = 0.1\n");
    an_expression_that_gives_nothing_usable: "[grid]\nN = 3\nQ = 1\nT = [4, 64]\nbatch_size = \"T/16\"\n";
    a_largest_value_of_what_is_no_number: "[grid]\nN = 3\nQ = 1\nT = [32, 64]\nbatch_size = \"max(8, sqrt(40 - T))\"\n";
    a_where_of_what_is_no_number: "[grid]\nN = 3\nQ = [1, 2]\nT = [32, 64]\nwhere = [\"Q < N\", \"T > 40 || sqrt(40 - T) < 3\"]\n";
    a_range_without_points: "[grid]\nN = 3\nQ = 1\nT = { geom = [32, 2048] }\n";
    a_geometric_range_from_zero: &format!("{GRID}lambda = {{ geom = [0, 1], points = 5 }}\n");
    too_many_jobs: "max_jobs = 100\n[grid]\nN = [3, 4]\nQ = 1\nT = { lin = [10, 100], points = 10 }\n";
    counters_that_fit_no_memory: "[grid]\nN = 40\nQ = 2\nT = [64, 65536]\nalgorithm = \"moment\"\n";
    a_flip_of_good_models: &format!("{GRID}flip = 0.5\n");
    a_start_that_is_planted_and_transferred: &format!("{GRID}transfer = 1\n[init]\ninit_alpha_v = 0.5\n");
    units_that_there_are_not: &format!("{GRID}step_scale = [\"raw\", \"normalized\"]\n");
    two_spellings_in_the_grid: &format!("{GRID}init_alpha_v = [0, 0.5]\nalpha_v = 0.5\n");
    two_spellings_in_a_section: &format!("{GRID}[training]\nsteps = \"raw\"\nstep_scale = \"raw\"\n");
    two_spellings_on_the_command_line: GRID, "alpha_a=0.5 init_alpha_a=0";
    a_short_key_in_another_section: &format!("{GRID}[training]\nalpha_v = 0.5\n");
    an_unknown_algorithm: &format!("{GRID}algorithm = [\"prox\", \"adamw\"]\n");
    a_zip_of_unequal_lengths: "[grid]\nN = [3, 4]\nQ = 1\nT = [8, 16, 32]\nzip = [\"N\", \"T\"]\n";
    a_zip_of_an_unknown_key: &format!("{GRID}zip = [\"N\", \"batch\"]\n");
    a_matrix_whose_columns_do_not_sum_to_one: &format!("{GRID}[task]\nmatrix = [[0.5, 0.1, 0.2], [0.2, 0.8, 0.2], [0.2, 0.1, 0.6]]\n");
    a_matrix_that_cannot_leave_a_state: &format!("{GRID}[task]\nmatrix = [[1.0, 0.1, 0.2], [0, 0.8, 0.2], [0, 0.1, 0.6]]\n");
    a_matrix_of_very_many_rows: &format!("{GRID}[task]\nmatrix = [{}]\n", "[], ".repeat(300));
    a_matrix_of_another_size: &format!("{GRID}[task]\nmatrix = [[0.9, 0.2], [0.1, 0.8]]\n");
    weights_drawn_in_no_known_way: &format!("{GRID}[task]\nweights = \"random\"\n");
    a_budget_below_one_batch: &format!("{GRID}batch_size = 5000\n[training]\nmax_samples = 100\n");
    an_attention_that_fits_no_memory: "[grid]\nN = [3, 256]\nQ = 1\nT = [64, 100_000_000]\n";
    a_key_in_the_grid_and_in_its_section: "[grid]\nN = 3\nQ = 1\nT = 64\nepsilon = [0.1, 0.2]\n[training]\nepsilon = 0.3\n";
    an_override_of_a_section_that_the_grid_hides: &format!("{GRID}max_samples = 640\n"), "training.max_samples=20000";
    a_given_matrix_and_a_way_to_draw_it: &format!("{GRID}persistence = 0.5\n[task]\nmatrix = [[0.9, 0.1, 0.1], [0, 0.8, 0.2], [0.1, 0.1, 0.7]]\n");
    a_range_with_one_point_and_two_ends: "[grid]\nN = 3\nQ = 1\nT = { geom = [32, 64], points = 1 }\n";
    an_override_in_another_script: GRID, "日本=99999999999999999999";
    an_infinite_step: &format!("{GRID}eta_boost = inf\n");
    a_share_above_one: &format!("{GRID}[training.boost]\nend_share = 1.5\n");
    a_date: &format!("{GRID}lambda = 2024-10-31\n");
    an_override_without_a_value: GRID, "N";
    an_override_of_an_unknown_key: GRID, "batchsize=3";
    an_override_of_the_wrong_type: GRID, "replicates=few";
    an_override_with_a_bad_expression: GRID, "batch_size=16,T/,32";
    an_override_out_of_range: GRID, "N=3,999";
    positions_made_of_the_length: "[grid]\nN = 3\nT = [32, 64]\nQ = \"T/16\"\n";
    states_made_of_positions: "[grid]\nQ = 1\nN = \"Q + 2\"\nT = 64\n";
    a_length_made_of_itself: "[grid]\nN = 3\nQ = 1\nT = \"2*T\"\n";
    a_length_made_of_the_batch: "[grid]\nN = 3\nQ = 1\nbatch_size = 16\nT = \"4*batch_size\"\n";
    a_step_made_of_itself: &format!("{GRID}eta_boost = \"eta_boost/2\"\n");
    a_section_made_of_a_later_section: &format!("{GRID}[task]\npersistence = \"cut\"\n[training]\ncut = 0.2\n");
    a_number_made_of_a_word: &format!("{GRID}batch_size = \"16*steps\"\n");
    steps_with_an_exponent: &format!("{GRID}[training]\nboost = {{ end_steps = 4e2 }}\n");
    replicates_with_a_point: &format!("replicates = 4.0\n{GRID}");
    a_number_in_quotes: &format!("{GRID}[answer]\nquantile = \"0.5\"\n");
    an_override_of_a_key_of_the_answer: GRID, "quantile=0.5";
    an_override_of_a_key_of_a_stage: GRID, "end_steps=400";
    an_override_nearly_of_a_key_of_a_section: GRID, "resolutoin=0.5";
    an_override_by_the_first_word: GRID, "batch=3";
    an_override_by_a_word_of_many: GRID, "eta=0.1";
    an_override_of_one_replicate: GRID, "replicate=3";
    a_key_of_the_answer_at_the_top: &format!("quantile = 0.5\n{GRID}");
    a_key_of_training_at_the_top: &format!("epsilon = 0.5\n{GRID}");
    a_key_of_the_top_in_the_grid: &format!("{GRID}replicates = 3\n");
    an_override_beside_the_grid: &format!("{GRID}max_samples = 6400\n"), "training.max_samples=500";
    overrides_beside_their_section: GRID, "training.epsilon=0.3 epsilon=0.1,0.2";
    several_unknown_keys: &format!("{GRID}batchsize = 3\nreplicates = 4\nseeds = 1\n");
    an_override_of_a_section_with_many_values: GRID, "training.epsilon=0.1,0.2";
    a_section_with_many_values: &format!("{GRID}[training]\nepsilon = [0.1, 0.2]\n");
    a_where_about_a_word: &format!("{GRID}where = \"algorithm == 1\"\n");
    points_with_a_point: "[grid]\nN = 3\nQ = 1\nT = { geom = [32, 128], points = 3.0 }\n";
    no_points_at_all: "[grid]\nN = 3\nQ = 1\nT = { geom = [32, 128], points = 0 }\n";
    ends_of_a_range_that_are_no_numbers: "[grid]\nN = 3\nQ = 1\nT = { geom = [\"low\", 128], points = 3 }\n";
    an_empty_grid: "grid = []\n";
    a_grid_that_is_a_number: "grid = 3\n";
    a_where_that_is_a_number: &format!("{GRID}where = 3\n");
    a_zip_that_is_a_number: &format!("{GRID}zip = 3\n");
    weights_of_no_number: &format!("{GRID}[task]\nweights = {{ dirichlet = true }}\n");
    weights_out_of_range: &format!("{GRID}[task]\nweights = {{ dirichlet = 0 }}\n");
    a_matrix_of_words: &format!("{GRID}[task]\nmatrix = [[0.5, \"half\"], [0.5, 0.5]]\n");
    a_matrix_without_memory: "[grid]\nN = 2\nQ = 1\nT = 64\n[task]\nmatrix = [[0.5, 0.5], [0.5, 0.5]]\n";
    a_matrix_that_hardly_meets_a_state: "[grid]\nN = 2\nQ = 1\nT = 64\n[task]\nmatrix = [[0.999999999999, 0.5], [0.000000000001, 0.5]]\n";
    a_matrix_of_rows: "[grid]\nN = 2\nQ = 1\nT = 64\n[task]\nmatrix = [[0.9, 0.1], [0.4, 0.6]]\n";
    a_truth_as_python_has_it: GRID, "trace.enabled=True";
    a_truth_as_python_has_it_in_the_file: &format!("{GRID}[trace]\nenabled = True\n");
    a_range_as_a_function: "[grid]\nN = 3\nQ = 1\nT = 32\n", "T=geom(64,512,4)";
    a_power_as_python_has_it: &format!("{GRID}batch_size = \"T**0.5\"\n");
    a_whole_division_as_python_has_it: &format!("{GRID}batch_size = \"T//8\"\n");
    a_range_as_numpy_has_it: "[grid]\nN = 3\nQ = 1\nT = \"np.linspace(64, 512, 4)\"\n";
    an_override_into_a_number: GRID, "seed.x=3";
}

/// A chain in a file, with what is wrong in it.
macro_rules! wrong_files {
    ($($name:ident: $matrix:expr;)*) => {$(
        #[test]
        fn $name() {
            insta::assert_snapshot!(message_beside(FROM_FILE, "", $matrix));
        }
    )*};
}

const FROM_FILE: &str = "[grid]\nN = 2\nQ = 1\nT = 64\n[task]\nmatrix = \"p.csv\"\n";

wrong_files! {
    a_matrix_file_that_is_not_there: None;
    a_matrix_file_with_a_word: Some("# n after m\n0.9,0.2\n0.1,none\n");
    a_matrix_file_with_spaces_between: Some("0.9 0.2\n0.1 0.8\n");
    a_matrix_file_that_is_not_square: Some("0.9,0.2\n0.1,0.8,0.3\n");
    a_matrix_file_of_rows: Some("0.9,0.1\n0.4,0.6\n");
    a_matrix_file_without_numbers: Some("# nothing yet\n");
    a_matrix_file_of_another_size: Some("0.8,0.1,0.1\n0.1,0.8,0.1\n0.1,0.1,0.8\n");
}

/// A file is found beside the config that names it, from wherever it is run, and its jobs are those
/// of the same numbers in the config; one that the command line names is found from the current folder.
#[test]
fn a_matrix_in_a_file_is_the_matrix() {
    let home = tempfile::tempdir().unwrap();
    let sweeps = home.path().join("sweeps");
    fs::create_dir(&sweeps).unwrap();
    fs::write(sweeps.join("p.csv"), "\u{feff}# n after m\r\n0.9, 0.2\r\n\r\n0.1,\t0.8\r\n").unwrap();
    let start = "replicates = 2\n[grid]\nN = 2\nQ = 1\nT = 32\nmax_samples = 640\n[task]\nmatrix = ";
    fs::write(sweeps.join("file.toml"), format!("{start}\"p.csv\"\n")).unwrap();
    fs::write(sweeps.join("list.toml"), format!("{start}[[0.9, 0.2], [0.1, 0.8]]\n")).unwrap();
    let ids = |arguments: &str| {
        let output = sweep(home.path(), &format!("plan --list {arguments}"));
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().filter(|line| !line.contains(".toml")).map(str::to_owned).collect::<Vec<_>>()
    };
    let list = ids("sweeps/list.toml");
    assert!(list.len() >= 2, "{list:?}");
    assert_eq!(ids("sweeps/file.toml"), list);
    assert_eq!(ids("sweeps/list.toml task.matrix=sweeps/p.csv"), list);
}

#[test]
fn a_config_that_is_not_there() {
    let home = tempfile::tempdir().unwrap();
    let output = sweep(home.path(), "run sweeps/nothing.toml");
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap());
}

#[test]
fn a_report_of_no_run_directory() {
    let home = tempfile::tempdir().unwrap();
    let output = sweep(home.path(), "report nowhere");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(sweep(home.path(), "status nowhere").stderr, output.stderr);
    assert!(!home.path().join("nowhere").exists());
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap());
}

#[test]
fn an_unknown_flag() {
    let home = tempfile::tempdir().unwrap();
    let output = sweep(home.path(), "run x.toml --job 3");
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap());
}

"""Measure any folder of predictions against its ground truth: `python -m metrics score`.

    masks      one file of labels: values, spacing, geometry
    folders    which files are cases, and which prediction belongs to which ground truth
    classes    what the label values mean: classes, regions, the ignore label
    presets    the metric sets of challenges and papers, one YAML file each
    plan       what is measured: metrics with adjacency, region and classes
    checks     everything that can be wrong with the files, found before anything is measured
    measuring  one case
    score      all of them: workers, progress, resuming after an interruption

It writes metrics.csv and score.json; `tables.scores` reads them.
"""

#!/usr/bin/env bash
# Sets answer.tex of run directories, and every figure in PDF, with LaTeX: no error, and no table wider
# than the page.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for directory in "$@"; do
    place=$(realpath "$directory")
    {
        printf '\\documentclass{article}\n\\usepackage{booktabs}\n\\usepackage{graphicx}\n\\begin{document}\n'
        printf '\\input{%s/answer.tex}\n' "$place"
        for figure in "$place"/figures/*.pdf; do printf '\\includegraphics[width=\\linewidth]{%s}\n\n' "$figure"; done
        printf '\\end{document}\n'
    } > "$work/paper.tex"
    (cd "$work" && pdflatex -interaction=nonstopmode -halt-on-error paper.tex > log.txt) || { tail -20 "$work/log.txt"; exit 1; }
    if grep -E "Overfull .hbox \(([2-9][0-9]|[0-9]{3,})" "$work/log.txt"; then echo "$directory: a table is wider than the page"; exit 1; fi
    echo "$directory: $(grep -o 'Output written.*pages\?' "$work/log.txt")"
done

package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/wirelog/wirelog/internal/choose"
	"github.com/wirelog/wirelog/readers/diff"
	"github.com/wirelog/wirelog/schemas"
)

func (p *program) diffCommand() *cobra.Command {
	var opts diff.Options
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Compare the logs of two folders row by row",
		Long: `Compare the logs of two folders, or two files, row by row, in any formats: to check
this program against Zeek, or one version against another.

Identifiers of connections and files are random, so they are compared by what they
stand for: which connection between its endpoints, which file of its connection. Sets
are compared regardless of order, and numbers to six decimals, as in TSV. A column that
only one side has counts as unset on the other. Logs in which Zeek reports on itself,
such as stats and loaded_scripts, are compared only if they are named. The rows are
sorted in temporary files (in the folder TMPDIR), so that memory has a bound.

The exit status is 0 if both sides have the same rows, 1 if they differ or something
could not be read, 2 if the command line is wrong.`,
		Example: `  wirelog diff /opt/zeek/logs/current logs
  wirelog diff zeek ours --log conn,dns --ignore conn:history --show 5`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			// Rows live shortly, so that little memory costs little time.
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(100)
			}
			failed := false
			opts.Report = func(err error) {
				failed = true
				p.complain(err)
			}
			logs, err := diff.Compare(args[0], args[1], opts)
			if err != nil {
				return lossError{fmt.Errorf("diff: %w", err)}
			}
			for _, name := range opts.Logs {
				if !compared(logs, name) {
					return lossError{fmt.Errorf("diff: neither side has a log %q", name)}
				}
			}
			same, err := p.printDiff(logs)
			switch {
			case err != nil:
				return lossError{fmt.Errorf("diff: %w", err)}
			case !same:
				return lossError{errors.New("diff: the logs differ")}
			case failed:
				return lossError{errors.New("diff: not everything could be read")}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&opts.Logs, "log", nil, "logs to compare, such as conn,smb or -weird; all if not given")
	f.StringSliceVar(&opts.Ignore, "ignore", nil, "columns to ignore: history, or in one log conn:history")
	f.IntVar(&opts.Show, "show", 0, "number of differences to print per log")
	registerCompletion(cmd, "log", completeNames(logNames))
	return cmd
}

// compared reports whether name, of a list of logs, stands for one of those that were
// compared. It reports true for what stands for no certain log.
func compared(logs []*diff.Log, name string) bool {
	set, err := schemas.NewSet()
	if err != nil || strings.ContainsAny(name, "+-!*?[") || choose.Word(name) {
		return true
	}
	return slices.ContainsFunc(logs, func(l *diff.Log) bool {
		return strings.EqualFold(l.Name, name) || slices.ContainsFunc(set.Named(name), func(s *schemas.Schema) bool { return s.Name == l.Name })
	})
}

// printDiff prints a table and, below it, the differences. It reports whether there are
// none.
func (p *program) printDiff(logs []*diff.Log) (same bool, err error) {
	t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "LOG\tA\tB\tEQUAL\tDIFFER\tONLY A\tONLY B\t")
	same = true
	for _, l := range logs {
		same = same && l.Same()
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t\n", l.Name, l.A, l.B, l.Equal, l.Wrong, l.OnlyA, l.OnlyB)
	}
	if err := t.Flush(); err != nil {
		return same, err
	}
	for _, l := range logs {
		if len(l.ColumnsA) > 0 {
			fmt.Fprintf(p.stdout, "%s: columns only in A: %s\n", l.Name, strings.Join(l.ColumnsA, ", "))
		}
		if len(l.ColumnsB) > 0 {
			fmt.Fprintf(p.stdout, "%s: columns only in B: %s\n", l.Name, strings.Join(l.ColumnsB, ", "))
		}
		var fields []string
		for _, f := range slices.SortedFunc(maps.Keys(l.Fields), func(f, g string) int {
			return cmp.Or(cmp.Compare(l.Fields[g], l.Fields[f]), cmp.Compare(f, g))
		}) {
			fields = append(fields, fmt.Sprintf("%s (%d)", f, l.Fields[f]))
		}
		if len(fields) > 0 {
			fmt.Fprintf(p.stdout, "%s: differing columns: %s\n", l.Name, strings.Join(fields, ", "))
		}
		for _, s := range l.Shown {
			fmt.Fprintf(p.stdout, "%s: %s\n", l.Name, s)
		}
	}
	return same, nil
}

package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/wirelog/wirelog/internal/nearest"
	"github.com/wirelog/wirelog/schemas"
)

func (p *program) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema [LOG]",
		Short: "List the logs, or the columns of one",
		Long: `List the logs that this build writes, or the columns of one log in their order:
name, Zeek's type, the group that an optional column belongs to, meaning.`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeList(logNames),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return p.listLogs()
			}
			s := schemas.Lookup(args[0])
			if s == nil {
				return fmt.Errorf("schema: unknown log %q%s", args[0], nearest.Hint(args[0], logNames()))
			}
			return p.listColumns(s)
		},
	}
}

func (p *program) listLogs() error {
	t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "LOG\tCOLUMNS\tOPTIONAL\tMEANING")
	for _, s := range schemas.All() {
		optional := "-"
		if s.Optional {
			optional = "yes"
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\n", s.Name, len(s.With(0).Fields), optional, s.Doc)
	}
	return t.Flush()
}

func (p *program) listColumns(s *schemas.Schema) error {
	t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "COLUMN\tTYPE\tOPTIONAL\tMEANING")
	for i := range s.Fields {
		f := &s.Fields[i]
		group := "-"
		if f.Optional() {
			group = f.Group.String()
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", f.Name, f.ZeekType(), group, f.Doc)
	}
	return t.Flush()
}

func logNames() []string {
	var names []string
	for _, s := range schemas.All() {
		names = append(names, s.Name)
	}
	return names
}

package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wirelog/wirelog/internal/nearest"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/ecs"
	"github.com/wirelog/wirelog/schemas/export"
)

// schemaFormats are the values of --format.
var schemaFormats = []string{"text", "json-schema", "arrow", "avro", "sql", "ecs"}

func (p *program) schemaCommand() *cobra.Command {
	var format, dialect string
	var columns []string
	cmd := &cobra.Command{
		Use:   "schema [LOG]",
		Short: "List the logs or the columns of one, also as schemas for databases and readers",
		Long: `List the logs that this build writes, or the columns of one log in order: the name,
the Zeek type, the group of an optional column, and the meaning. On a terminal the text
is wrapped to its width. Otherwise each log or column is one line.

With --format, print schemas for one log or for all:

  json-schema  JSON Schema of the rows of JSON outputs, including optional columns
  arrow        Arrow schema, in the JSON form of Arrow's integration tests
  avro         Avro schema
  sql          table definitions, in the --dialect of a database
  ecs          fields of the Elastic Common Schema in JSON outputs with naming: ecs`,
		Example: `  wirelog schema conn
  wirelog schema dns --format sql --dialect clickhouse --columns community-id`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeList(logNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			logs := schemas.All()
			if len(args) > 0 {
				s := schemas.Lookup(args[0])
				if s == nil {
					return fmt.Errorf("schema: unknown log %q%s", args[0], nearest.Hint(args[0], logNames()))
				}
				logs = []*schemas.Schema{s}
			}
			if cmd.Flags().Changed("dialect") && format != "sql" {
				return errors.New("schema: --dialect is for --format sql")
			}
			groups, err := schemas.ParseGroups(columns)
			if err != nil {
				return fmt.Errorf("--columns: %w", err)
			}
			written := make([]*schemas.Schema, len(logs))
			for i, s := range logs {
				written[i] = s.With(groups)
			}
			var text []byte
			switch format {
			case "text":
				if len(args) == 0 {
					return p.listLogs()
				}
				return p.listColumns(logs[0])
			case "json-schema":
				text, err = export.JSONSchema(logs)
			case "arrow":
				text, err = export.Arrow(written)
			case "avro":
				text, err = export.Avro(written)
			case "sql":
				text, err = export.SQL(written, dialect)
			case "ecs":
				return p.listECS(logs)
			default:
				err = fmt.Errorf("--format: want one of %s, got %q%s", strings.Join(schemaFormats, ", "), format, nearest.Hint(format, schemaFormats))
			}
			if err != nil {
				return fmt.Errorf("schema: %w", err)
			}
			if _, err := p.stdout.Write(text); err != nil {
				return lossError{fmt.Errorf("schema: %w", err)}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVarP(&format, "format", "f", "text", "form of the output: "+strings.Join(schemaFormats, ", "))
	f.StringVar(&dialect, "dialect", "duckdb", "SQL dialect: "+strings.Join(export.Dialects(), ", "))
	f.StringSliceVar(&columns, "columns", nil, "groups of optional columns to include in arrow, avro and sql: "+strings.Join(schemas.GroupNames(), ", "))
	registerCompletion(cmd, "format", completeList(func() []string { return schemaFormats }))
	registerCompletion(cmd, "dialect", completeList(export.Dialects))
	registerCompletion(cmd, "columns", completeNames(schemas.GroupNames))
	return cmd
}

func (p *program) listLogs() error {
	t := newTable("LOG", "COLUMNS", "OPTIONAL", "MEANING")
	for _, s := range schemas.All() {
		optional := "-"
		if s.Optional {
			optional = "yes"
		}
		t.add(s.Name, strconv.Itoa(len(s.With(0).Fields)), optional, s.Doc)
	}
	return t.write(p.stdout, terminalWidth(p.stdout))
}

func (p *program) listColumns(s *schemas.Schema) error {
	t := newTable("COLUMN", "TYPE", "OPTIONAL", "MEANING")
	for i := range s.Fields {
		f := &s.Fields[i]
		group := "-"
		if f.Optional() {
			group = f.Group.String()
		}
		t.add(f.Name, f.ZeekType(), group, f.Doc)
	}
	return t.write(p.stdout, terminalWidth(p.stdout))
}

func (p *program) listECS(logs []*schemas.Schema) error {
	t := newTable("LOG", "COLUMN", "FIELD", "VALUE")
	for _, s := range logs {
		m := ecs.Map(s)
		for _, c := range m.Constants {
			t.add(s.Name, "-", c.Field, strings.Join(c.Values, ", "))
		}
		for i, targets := range m.Columns {
			for _, target := range targets {
				t.add(s.Name, s.Fields[i].Name, target.Field, cmp.Or(ecsValue(&target), "-"))
			}
		}
		for _, d := range m.Derived {
			t.add(s.Name, strings.Join(d.Columns, ", "), d.Field, ecsDerived(&d))
		}
	}
	return t.write(p.stdout, terminalWidth(p.stdout))
}

// ecsValue describes how a field's value differs from the column's.
func ecsValue(t *ecs.Target) string {
	var parts []string
	if form := t.Form.String(); form != "" {
		parts = append(parts, form+t.Part)
	}
	parts = append(parts, ecsNames(t.Names)...)
	if t.Rest {
		parts = append(parts, "otherwise unchanged")
	}
	if t.Unset != "" {
		parts = append(parts, t.Unset+" if unset")
	}
	if slices.Contains(ecs.Lists(), t.Field) {
		parts = append(parts, "in an array")
	}
	return strings.Join(parts, ", ")
}

// ecsNames lists the texts that are replaced by others.
func ecsNames(names map[string]string) (parts []string) {
	for _, from := range slices.Sorted(maps.Keys(names)) {
		if from != "" && names[from] != "" {
			parts = append(parts, from+" is "+names[from])
		}
	}
	if name := names[""]; name != "" {
		parts = append(parts, "otherwise "+name)
	}
	return parts
}

// ecsDerived describes how a field is computed from several columns.
func ecsDerived(d *ecs.Derived) string {
	switch {
	case d.Names != nil:
		return strings.Join(ecsNames(d.Names), ", ")
	case d.Join != "":
		return "joined by " + d.Join
	}
	return "the sum"
}

func logNames() []string {
	var names []string
	for _, s := range schemas.All() {
		names = append(names, s.Name)
	}
	return names
}

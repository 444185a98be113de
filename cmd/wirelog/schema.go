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
	"github.com/wirelog/wirelog/pipeline"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/cim"
	"github.com/wirelog/wirelog/schemas/export"
	"github.com/wirelog/wirelog/schemas/mapping"
)

// schemaFormats are the values of --format.
var schemaFormats = []string{"text", "json-schema", "arrow", "avro", "sql", "ecs", "ocsf", "cim"}

func (p *program) schemaCommand() *cobra.Command {
	var format, dialect string
	var columns []string
	cmd := &cobra.Command{
		Use:   "schema [LOG...]",
		Short: "List the logs or the columns of some, also as schemas for databases and readers",
		Long: `List the logs that this build writes, or the columns of some in order: the name,
the Zeek type, the group of an optional column, and the meaning. On a terminal the text
is wrapped to its width. Otherwise each log or column is one line.

With --format, print schemas for these logs or for all:

  json-schema  JSON Schema of the rows of JSON outputs, including optional columns
  arrow        Arrow schema, in the JSON form of Arrow's integration tests
  avro         Avro schema
  sql          table definitions, in the --dialect of a database
  ecs, ocsf, cim
               fields of the Elastic Common Schema, the Open Cybersecurity Schema
               Framework or Splunk's Common Information Model in JSON outputs with
               that naming`,
		Example: `  wirelog schema conn
  wirelog schema dns --format sql --dialect clickhouse --columns community-id`,
		ValidArgsFunction: completeList(logNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			known, err := schemas.NewSet()
			if err != nil {
				return err
			}
			logs := schemas.All()
			if len(args) > 0 {
				if logs, err = known.Pick(args, logs, nil); err != nil {
					return fmt.Errorf("schema: %w", err)
				}
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
				for i, s := range logs {
					if len(logs) > 1 {
						heading := s.Name + ":\n"
						if i > 0 {
							heading = "\n" + heading
						}
						fmt.Fprint(p.stdout, heading)
					}
					if err := p.listColumns(s); err != nil {
						return err
					}
				}
				return nil
			case "json-schema":
				text, err = export.JSONSchema(logs)
			case "arrow":
				text, err = export.Arrow(written)
			case "avro":
				text, err = export.Avro(written)
			case "sql":
				text, err = export.SQL(written, dialect)
			default:
				for _, n := range pipeline.Namings() {
					if n.Name == format {
						return p.listNaming(n, logs)
					}
				}
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

func (p *program) listNaming(n *mapping.Naming, logs []*schemas.Schema) error {
	t := newTable("LOG", "COLUMN", "FIELD", "VALUE")
	for _, s := range logs {
		m := n.Map(s)
		for _, c := range m.Constants {
			t.add(s.Name, "-", c.Field, strings.Join(c.Values, ", "))
		}
		if d := cim.DatasetOf(s.Name); n == &cim.Naming && d.Model != "" {
			t.add(s.Name, "-", "tag", strings.Join(d.Tags, ", ")+": of "+d.Model+", to be given in Splunk")
		}
		for i, targets := range m.Columns {
			for _, target := range targets {
				if target.Field != mapping.NoField {
					t.add(s.Name, s.Fields[i].Name, target.Field, cmp.Or(targetValue(n, &target), "-"))
				}
			}
		}
		for _, d := range m.Derived {
			t.add(s.Name, strings.Join(d.Columns, ", "), d.Field, derivedValue(&d))
		}
	}
	return t.write(p.stdout, terminalWidth(p.stdout))
}

// targetValue describes how a field's value differs from the column's.
func targetValue(n *mapping.Naming, t *mapping.Target) string {
	var parts []string
	if form := t.Form.String(); form != "" {
		parts = append(parts, form+t.Part)
	}
	parts = append(parts, renamed(t.Names)...)
	if t.Rest {
		parts = append(parts, "otherwise unchanged")
	}
	if t.Unset != "" {
		parts = append(parts, t.Unset+" if unset")
	}
	if t.Before != "" {
		parts = append(parts, "as "+t.Before+"…"+t.After)
	}
	if slices.Contains(n.Lists, t.Field) {
		parts = append(parts, "in an array")
	}
	return strings.Join(parts, ", ")
}

// renamed lists the texts that are replaced by others.
func renamed(names map[string]string) (parts []string) {
	for _, from := range slices.Sorted(maps.Keys(names)) {
		if from != "" && names[from] != "" && names[from] != from {
			parts = append(parts, from+" is "+names[from])
		}
	}
	if name := names[""]; name != "" {
		parts = append(parts, "otherwise "+name)
	}
	return parts
}

// derivedValue describes how a field is computed from several columns.
func derivedValue(d *mapping.Derived) string {
	switch {
	case d.Names != nil:
		return strings.Join(renamed(d.Names), ", ")
	case d.Join != "":
		return "joined by " + d.Join
	case d.Zip != nil:
		return "an object for each element, with " + strings.Join(d.Zip, ", ")
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

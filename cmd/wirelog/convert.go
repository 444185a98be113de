package main

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/wirelog/wirelog/pipeline"
)

func (p *program) convertCommand() *cobra.Command {
	var opts pipeline.ConvertOptions
	var quiet bool
	cmd := &cobra.Command{
		Use:   "convert LOG...",
		Short: "Write logs in another format",
		Long: `Read logs, of this program or of Zeek, and write them in another format.

A file is Zeek's TSV, of any log, with the types of its header, or JSON, one object a
line, with the types of this build's log of that name, or else with what its values
look like; either may be compressed with gzip or zstd. A folder stands for the
logs in it. The rows of a log go to one file, in the order of the files given; one
that exists is not replaced.

A row that cannot be read is named with its file and line and left out; the exit
status is then 1.`,
		Example: `  wirelog convert /opt/zeek/logs/current --to json -o json
  wirelog convert conn.log.gz --to json --naming ecs -o ecs`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("convert: which logs? Name files or folders")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if opts.Dir == "" {
				return errors.New("convert: where to? Name a folder with -o")
			}
			if opts.Format != pipeline.FormatJSON && (cmd.Flags().Changed("naming") || cmd.Flags().Changed("json-timestamps")) {
				return errors.New("convert: --naming and --json-timestamps are for --to json")
			}
			opts.Paths, opts.Version = args, buildVersion()
			said := false
			opts.Report = func(err error) {
				said = true
				fmt.Fprintln(p.stderr, "wirelog:", err)
			}
			opts.Notice = func(msg string) { fmt.Fprintln(p.stderr, "wirelog:", msg) }
			stats, err := pipeline.Convert(cmd.Context(), opts)
			if len(stats.Streams) > 0 && !quiet {
				t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
				fmt.Fprintln(t, "LOG\tREAD\tWRITTEN\t")
				for _, s := range stats.Streams {
					fmt.Fprintf(t, "%s\t%d\t%d\t\n", s.Log, s.Built, s.Written)
				}
				err = errors.Join(err, t.Flush())
			}
			if err != nil && (said || len(stats.Streams) > 0) {
				return lossError{fmt.Errorf("convert: %w", err)}
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVarP(&opts.Dir, "output-dir", "o", "", "folder for what is written, created if missing")
	f.StringVar(&opts.Format, "to", pipeline.FormatTSV, "format that is written")
	f.StringVar(&opts.Naming, "naming", pipeline.NamingZeek, "names of columns in JSON: zeek or ecs")
	f.StringVar(&opts.Timestamps, "json-timestamps", pipeline.TimestampsEpoch, "times in JSON: epoch (seconds), millis or iso8601")
	f.StringVar(&opts.Compress, "compress", "none", "compression of TSV and JSON: none, gzip or zstd")
	f.BoolVarP(&quiet, "quiet", "q", false, "do not print how many rows there were")
	registerCompletion(cmd, "to", completeList(outputTypeNames))
	registerCompletion(cmd, "naming", completeList(func() []string { return []string{pipeline.NamingZeek, pipeline.NamingECS} }))
	registerCompletion(cmd, "json-timestamps", completeList(func() []string {
		return []string{pipeline.TimestampsEpoch, pipeline.TimestampsMillis, pipeline.TimestampsISO8601}
	}))
	registerCompletion(cmd, "compress", completeList(func() []string { return []string{"none", "gzip", "zstd"} }))
	_ = cmd.MarkFlagDirname("output-dir")
	return cmd
}

func outputTypeNames() []string {
	var names []string
	for _, t := range pipeline.OutputTypes() {
		names = append(names, t.Name)
	}
	return names
}

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/wirelog/wirelog/pipeline"
)

func (p *program) convertCommand() *cobra.Command {
	var opts pipeline.ConvertOptions
	var quiet, compact bool
	cmd := &cobra.Command{
		Use:   "convert LOG...",
		Short: "Write logs in another format",
		Long: `Read logs, of this program or of Zeek, and write them in another format.

A file may be Zeek's TSV, JSON, Parquet, or an Arrow file or stream, which is detected
from its contents. All but Parquet may be compressed with gzip or zstd. A folder stands
for all logs in it, which may be a tree of Parquet files, and - for standard input. The
types of columns come from the header of TSV or the metadata of Parquet and Arrow; for
other files, from this build's log of that name, or else from the values. The rows of a
log go to one file, in the order of the given files, with all columns that any of them
has. With -o - they go to standard output. Files of an earlier conversion or run are not
replaced without --overwrite.

JSON has an object per line or is an array; nested objects become dotted columns, and a
list of objects becomes a list per column. A file may have the rows of several logs, by
the member _path, by an object around each row as in {"conn": {...}}, or by several
headers in TSV. Columns such as id_orig_h get Zeek's name, id.orig_h. Times may be
seconds, milliseconds, microseconds or nanoseconds since 1970, or a date and time of
RFC 3339, which is UTC without a zone.

A row that cannot be read is reported with its file and line, and left out; no value
becomes unset for that. The rows before the damage in a damaged file are converted. In
both cases the exit status is 1. JSON with ECS names cannot be read, because it does not
contain all of a log.

With --compact, the Parquet files of a tree are joined in place, folder by folder, into
files of up to 128 MiB, so that queries open fewer. Do not query the tree meanwhile.`,
		Example: `  wirelog convert /opt/zeek/logs/current --to json -o json
  wirelog convert conn.log.gz --to json --naming ecs -o ecs
  wirelog convert lake/conn --to tsv -o zeek
  zcat dns.*.log.gz | wirelog convert - --to parquet -o lake
  wirelog convert lake --logs conn --to csv -o - | head
  wirelog convert lake --compact`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("convert: which logs? Name files or folders")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Paths, opts.Version, opts.Stdout = args, buildVersion(), p.stdout
			said := false
			opts.Report = func(err error) {
				said = true
				p.complain(err)
			}
			opts.Notice = p.say
			if compact {
				for _, name := range []string{"output-dir", "to", "naming", "json-timestamps", "streaming", "flat", "compress", "log", "all-columns"} {
					if cmd.Flags().Changed(name) {
						return fmt.Errorf("convert: --compact joins the files of a tree in place, as they are: --%s does not go with it", name)
					}
				}
				return p.compact(cmd.Context(), &opts, quiet)
			}
			if opts.Dir == "" {
				return errors.New("convert: where to? Name a folder with -o, or - for standard output")
			}
			stats, err := pipeline.Convert(cmd.Context(), opts)
			if len(stats.Streams) > 0 && !quiet && opts.Dir != "-" {
				t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
				fmt.Fprintln(t, "LOG\tREAD\tWRITTEN\t")
				for _, s := range stats.Streams {
					fmt.Fprintf(t, "%s\t%d\t%d\t\n", s.Log, s.Built, s.Written)
				}
				err = errors.Join(err, t.Flush())
			}
			if err == nil || !errors.Is(err, pipeline.ErrConvert) && len(stats.Streams) == 0 {
				return err
			}
			if !said && err != pipeline.ErrConvert { //nolint:errorlint // the cause itself
				return lossError{err}
			}
			return lossError{fmt.Errorf("convert: %w", err)}
		},
	}
	f := cmd.Flags()
	f.StringVarP(&opts.Dir, "output-dir", "o", "", "folder for the written files, created if missing; - is standard output")
	f.StringVar(&opts.Format, "to", pipeline.FormatTSV, "format to write")
	f.StringVar(&opts.Naming, "naming", pipeline.NamingZeek, "names of columns in JSON: "+strings.Join(pipeline.NamingNames(), ", "))
	f.StringVar(&opts.Timestamps, "json-timestamps", pipeline.TimestampsEpoch, "times in JSON and CSV: epoch (seconds), millis or iso8601")
	f.BoolVar(&opts.Streaming, "streaming", false, "write JSON like Zeek's JSON streaming logs, with _path and _write_ts, or Arrow streams instead of files")
	f.BoolVar(&opts.Flat, "flat", false, "write columns named id.orig_h instead of structs, in Parquet and Arrow")
	f.StringVar(&opts.Compress, "compress", "none", "compression: none, gzip or zstd; for Arrow none, lz4 or zstd")
	f.StringVar(&opts.Log, "log", "", "log of files that do not name their log; by default the one in the file name")
	f.StringSliceVar(&opts.Logs, "logs", nil, "logs to convert, such as conn,smb or -weird; all if not given")
	f.BoolVar(&opts.AllColumns, "all-columns", true, "in Parquet and Arrow, write all columns that this build's log has, null if a file has none")
	f.BoolVar(&compact, "compact", false, "join the small Parquet files of a tree in place")
	f.BoolVar(&opts.Overwrite, "overwrite", false, "replace the files of an earlier conversion or run in the folder, as a set")
	f.BoolVarP(&quiet, "quiet", "q", false, "do not print the numbers of rows")
	registerCompletion(cmd, "to", completeList(pipeline.Formats))
	registerCompletion(cmd, "naming", completeList(pipeline.NamingNames))
	registerCompletion(cmd, "json-timestamps", completeList(pipeline.TimestampForms))
	registerCompletion(cmd, "compress", completeList(func() []string { return []string{"none", "gzip", "lz4", "zstd"} }))
	registerCompletion(cmd, "log", completeNames(logNames))
	registerCompletion(cmd, "logs", completeNames(logNames))
	_ = cmd.MarkFlagDirname("output-dir")
	return cmd
}

// compact runs convert --compact.
func (p *program) compact(ctx context.Context, opts *pipeline.ConvertOptions, quiet bool) error {
	stats, err := pipeline.Compact(ctx, pipeline.CompactOptions{
		Roots: opts.Paths, Logs: opts.Logs, Report: opts.Report, Notice: opts.Notice, Version: opts.Version,
	})
	if !quiet && len(stats) > 0 {
		t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(t, "LOG\tROWS\tFILES BEFORE\tAFTER\tBYTES BEFORE\tAFTER\t")
		for _, s := range stats {
			fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t\n", s.Log, s.Rows, s.Before, s.After, s.BytesBefore, s.BytesAfter)
		}
		err = errors.Join(err, t.Flush())
	}
	if err != nil {
		return lossError{fmt.Errorf("convert: %w", err)}
	}
	return nil
}

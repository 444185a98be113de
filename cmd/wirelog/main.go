// Wirelog turns packet captures into Zeek-style logs.
//
// Exit status: 0 on success; 1 if something was lost or damaged, with the rows written so
// far; 2 if the command line or the configuration is wrong, with nothing done; 130 or 143
// if SIGINT or SIGTERM has ended the run, with the rows written so far. To end by the first
// of them is success for "wirelog listen". Where the
// program cannot go on, as without memory, it ends with SIGABRT.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/wirelog/wirelog/internal/nearest"
	"github.com/wirelog/wirelog/pipeline"
	"github.com/wirelog/wirelog/sandbox"
)

// Exit statuses.
const (
	exitOK    = 0
	exitLost  = 1
	exitUsage = 2
	// exitSignal plus the number of a signal says that it has ended the program.
	exitSignal = 128
)

// A lossError means that a run is incomplete. All other errors are about usage or
// configuration.
type lossError struct{ err error }

func (e lossError) Error() string { return e.err.Error() }
func (e lossError) Unwrap() error { return e.err }

// program is the command line and its environment.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	run            func(context.Context, pipeline.Options) (pipeline.Summary, error)
	// stopping makes the first signal close the channel that it returns instead of ending
	// the run; nil if there are no signals.
	stopping func() <-chan struct{}
	// confine confines the process; nil in tests, whose process goes on.
	confine  func(sandbox.Profile) (*sandbox.Rules, []string, error)
	confined confined
	// controls calls functions on signals until stop is called; nil if there are no signals.
	controls func(reload, rotate func()) (stop func())
	log      *slog.Logger // see logger
	level    slog.LevelVar
	reported bool // whether an output has reported an error during the run
}

func main() {
	abortWhenFatal()
	if len(os.Args) > 1 && os.Args[1] == commandHelper {
		os.Exit(serveCommands(os.Stdin, os.Stdout))
	}
	ctx, sig := watch()
	p := program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, run: pipeline.Run, stopping: sig.stopFirst, controls: sig.controls, confine: sandbox.Confine}
	os.Exit(sig.status(p.main(ctx, os.Args[1:])))
}

// main runs one command line and returns the exit status.
func (p *program) main(ctx context.Context, args []string) int {
	cmd := p.root()
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	p.complain(err)
	var loss lossError
	if errors.As(err, &loss) {
		return exitLost
	}
	return exitUsage
}

func (p *program) root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "wirelog",
		Short: "Turn network traffic into Zeek-style logs",
		Long: `wirelog reads packets, from captures or live, and writes Zeek-style logs: of
connections, tunnels, weirds and application protocols.

Exit status: 0 on success; 1 if something was lost or damaged, with the rows
written so far; 2 if the command line or the configuration is wrong; 130 or 143 if
SIGINT or SIGTERM has ended the run, with the rows written so far. To end by the
first of them is success for "wirelog listen", which has no other end.`,
		SilenceErrors:              true,
		SilenceUsage:               true,
		Args:                       cobra.ArbitraryArgs,
		SuggestionsMinimumDistance: 3,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			var names []string
			for _, c := range cmd.Commands() {
				names = append(names, c.Name())
			}
			hint := nearest.Hint(args[0], names)
			if other := commandHint(args); other != "" {
				hint = other
			}
			return fmt.Errorf("unknown command %q%s", args[0], hint)
		},
	}
	cmd.Version = versionText()
	cmd.SetVersionTemplate("{{.Version}}\n")
	cmd.Flags().Bool("version", false, "print the version")
	cmd.SetIn(p.stdin)
	cmd.SetOut(p.stdout)
	cmd.SetErr(p.stderr)
	cmd.SetFlagErrorFunc(flagError)
	cmd.CompletionOptions.HiddenDefaultCmd = true
	cmd.AddCommand(p.readCommand(), p.listenCommand(), p.schemaCommand(), p.convertCommand(), p.diffCommand(), p.eventsCommand(), p.configCommand(), p.checkCommand(), p.reloadCommand(), p.versionCommand(), p.completionCommand())
	return cmd
}

// flagError says what serves instead of an unknown flag, or suggests the nearest one.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	if hint := flagHint(cmd, unknown); hint != "" {
		return fmt.Errorf("unknown flag %s: %s", dashed(unknown.GetSpecifiedName()), hint)
	}
	if len(unknown.GetSpecifiedName()) < 2 {
		return err
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return fmt.Errorf("%w%s", err, nearest.Hint("--"+unknown.GetSpecifiedName(), names))
}

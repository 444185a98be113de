package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wirelog/wirelog/config"
	"github.com/wirelog/wirelog/internal/nearest"
	"github.com/wirelog/wirelog/pipeline"
	"github.com/wirelog/wirelog/schemas"
)

var shells = []string{"bash", "zsh", "fish", "powershell"}

func (p *program) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:       "completion SHELL",
		Short:     "Print the completion script for a shell",
		Long:      "Print the completion script for bash, zsh, fish or powershell.",
		Example:   "  source <(wirelog completion bash)",
		Args:      cobra.ExactArgs(1),
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(p.stdout, true)
			case "zsh":
				return root.GenZshCompletion(p.stdout)
			case "fish":
				return root.GenFishCompletion(p.stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(p.stdout)
			}
			return fmt.Errorf("completion: unknown shell %q%s", args[0], nearest.Hint(args[0], shells))
		},
	}
}

type completion = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// completeList completes a single name.
func completeList(names func() []string) completion {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return names(), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeNames completes the last name of a comma-separated list.
func completeNames(names func() []string) completion {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before := typed[:strings.LastIndexByte(typed, ',')+1]
		if rest := typed[len(before):]; rest != "" && strings.IndexByte("+-!", rest[0]) >= 0 {
			before += rest[:1] // changes the default choice
		}
		var list []string
		for _, n := range names() {
			list = append(list, before+n)
		}
		return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

// registerCompletion sets the completion of a flag that was just added.
func registerCompletion(cmd *cobra.Command, flag string, f completion) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err)
	}
}

// completeFlags completes the values of the flags that config.AddFlags adds.
func completeFlags(cmd *cobra.Command) {
	for _, s := range config.Sections() {
		for i := range s.Keys {
			k := &s.Keys[i]
			var f completion
			switch {
			case k.Flag == "", cmd.Flags().Lookup(k.Flag) == nil:
				continue
			case k.OneOf != nil:
				f = completeList(func() []string { return k.OneOf })
			case k.Flag == "compat":
				f = completeNames(pipeline.CompatNames)
			case k.Flag == "logs":
				f = completeNames(logNames)
			case k.Flag == "analyzers":
				f = completeNames(pipeline.Analyzers)
			case k.Flag == "columns":
				f = completeNames(schemas.GroupNames)
			case k.Flag == "event":
				f = completeNames(eventNames)
			default:
				continue
			}
			registerCompletion(cmd, k.Flag, f)
		}
	}
	_ = cmd.MarkFlagDirname("output-dir")
}

package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the build (-ldflags "-X main.version=…").
var version = ""

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  causeway version",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := version
			if info, ok := debug.ReadBuildInfo(); v == "" && ok {
				v = info.Main.Version
			}
			return writeLine(cmd.OutOrStdout(), fmt.Sprintf("causeway %s (%s, %s/%s)", dashIfEmpty(v), runtime.Version(), runtime.GOOS, runtime.GOARCH))
		},
	}
}

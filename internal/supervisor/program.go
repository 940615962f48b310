package supervisor

import "os"

// installedProgram is the path of this program. A newer one may lie there by now.
func installedProgram() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

// thisProgram is the very program that runs, also after its file was replaced: a supervisor and its instances are of one version.
func thisProgram() string {
	const self = "/proc/self/exe" // of the process that executes it, which is still a copy of this one
	if _, err := os.Stat(self); err == nil {
		return self
	}
	return installedProgram()
}

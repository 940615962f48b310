package diagnose

var foreignService = decided("e-foreign-service", theTrace, "the answer does not begin like HTTP",
	"what answers is not HTTP", notHTTP(""))

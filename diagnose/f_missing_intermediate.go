package diagnose

var missingIntermediate = decided("f-missing-intermediate", theTrace, "verification finds an incomplete chain",
	"the member's chain is incomplete", certificateFault("cert_missing_intermediate"))

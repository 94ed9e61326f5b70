package format

// News says in words what Version brought, for those who look after a log.
const News = "brought proofs, sinks and saved searches; an auditlog that knows only format 3 does not open it"

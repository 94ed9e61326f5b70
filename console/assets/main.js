rememberZone();
startFrame();
startLogs();
startChart();
startLive();
startKeys();
showProof(document);

rememberZone();
startFrame();
startLogs();
startSearch();
startChart();
startLive();
startKeys();
showProof(document);

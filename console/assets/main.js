rememberZone();
startFrame();
startLogs();
startChart();
startLive();
startKeys();

module deadwatch/reboots

go 1.21

@echo off
rem Builds the command line when its sources changed, then runs it: vicreg --help
rem In bin of a release there are no sources, and the program beside it is run.
rem   JAVA_HOME         the JDK to use (17 or newer); else the java on the PATH
rem   VICREG_JAVA_OPTS  options for the JVM, for instance -Xmx8g
rem   VICREG_CACHE      folder of native libraries
setlocal EnableExtensions DisableDelayedExpansion
set "home=%~dp0"
set "state=%home%.build"
set "java=java.exe"
if defined JAVA_HOME set "java=%JAVA_HOME%\bin\java.exe"
if not exist "%home%pom.xml" if exist "%home%..\vicreg.jar" goto release

rem .build\app.*: copies that run, so that a later build pulls no jar from under a running command. Windows sets a file's
rem archive attribute whenever it is written; a build clears that of the sources.
set "app="
if exist "%state%\current.txt" set /p app=<"%state%\current.txt"
if not exist "%state%\%app%\vicreg.jar" set "app="
if not defined app goto build
call :changed
if not errorlevel 1 goto run

:build
call :build_app
if errorlevel 1 exit /b 1

:run
"%java%" %VICREG_JAVA_OPTS% -jar "%state%\%app%\vicreg.jar" %*
exit /b %errorlevel%

:release
set "state=%TEMP%\vicreg"
if not exist "%state%" mkdir "%state%"
call :java
if errorlevel 1 exit /b 1
"%java%" %VICREG_JAVA_OPTS% -jar "%home%..\vicreg.jar" %*
exit /b %errorlevel%

:changed
for /f "delims=" %%f in ('dir /s /b /a:a-d "%home%pom.xml" "%home%.mvn" 2^>nul') do exit /b 1
for %%m in (models runtime runtime\serve training export tools) do (
  for /f "delims=" %%f in ('dir /s /b /a:a-d "%home%%%m\src\main" 2^>nul') do exit /b 1
  for /f "delims=" %%f in ('dir /b /a:a-d "%home%%%m\pom.xml" 2^>nul') do exit /b 1
)
exit /b 0

:build_app
if not exist "%state%" mkdir "%state%"
call :java
if errorlevel 1 exit /b 1
call :find mvn.cmd
if errorlevel 1 (
  echo vicreg: Maven is needed to build: install it ^(mvn must be on the PATH^)>&2
  exit /b 1
)
echo vicreg: building ...>&2
attrib -a "%home%pom.xml" >nul 2>nul
attrib -a "%home%.mvn\*" /s >nul 2>nul
for %%m in (models runtime runtime\serve training export tools) do (
  attrib -a "%home%%%m\pom.xml" >nul 2>nul
  attrib -a "%home%%%m\src\main\*" /s >nul 2>nul
)
pushd "%home%"
call mvn -q -B -o -Dquick -DskipTests package >"%state%\build.log" 2>&1
if not errorlevel 1 goto copy
findstr /c:"offline" "%state%\build.log" >nul
if errorlevel 1 goto failed
echo vicreg: downloading libraries ...>&2
call mvn -q -B -Dquick -DskipTests package >"%state%\build.log" 2>&1
if not errorlevel 1 goto copy

:failed
popd
attrib +a "%home%pom.xml" >nul 2>nul
echo vicreg: the build failed; all of it is in %state%\build.log>&2
exit /b 1

:copy
popd
set "app=app.%RANDOM%%RANDOM%"
xcopy /q /i /y "%home%tools\target\lib\*.jar" "%state%\%app%\lib\" >nul
if not errorlevel 1 copy /y "%home%tools\target\vicreg.jar" "%state%\%app%\" >nul
if errorlevel 1 (
  attrib +a "%home%pom.xml" >nul 2>nul
  echo vicreg: cannot copy the build to %state%\%app%: is the disk full?>&2
  exit /b 1
)
>"%state%\current.txt" echo %app%
rem What a running command has open cannot be renamed, and stays.
for /d %%a in ("%state%\app.*") do if /i not "%%~nxa"=="%app%" ren "%%a" "old.%%~nxa" >nul 2>nul
for /d %%a in ("%state%\old.*") do rd /s /q "%%a" >nul 2>nul
exit /b 0

:java
if defined JAVA_HOME if not exist "%java%" goto none
if not defined JAVA_HOME call :find java.exe
if not defined JAVA_HOME if errorlevel 1 goto none
set "version="
"%java%" -version 2>"%state%\java.txt"
for /f "usebackq tokens=3" %%v in ("%state%\java.txt") do if not defined version set "version=%%~v"
if not defined version goto none
for /f "delims=.-+ tokens=1" %%v in ("%version%") do set "major=%%v"
if %major% LSS 17 (
  echo vicreg: Java 17 or newer is needed, found %version% ^(%java%^): set JAVA_HOME>&2
  exit /b 1
)
exit /b 0

:none
if defined JAVA_HOME echo vicreg: no Java found in JAVA_HOME=%JAVA_HOME%: set it to a JDK 17 or newer>&2
if not defined JAVA_HOME echo vicreg: no Java found: install a JDK 17 or newer, or set JAVA_HOME to one>&2
exit /b 1

:find
if "%~$PATH:1"=="" exit /b 1
exit /b 0

package dev.vicreg.runtime.file;

import java.io.EOFException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.zip.ZipException;

/** Why a file could not be read or written, in words for a user. */
public final class Reason {
    private static final String DAMAGED = "the file is damaged";
    /** What exceptions put before the message of another one. */
    private static final String CLASS_NAME = "(?:[a-z_][\\w$]*\\.)+[A-Z][\\w$]*(?:Exception|Error)(?:: )?";

    private Reason() {}

    /**
     * One line without names of Java classes. Libraries and the JDK say what they expected, or the bare path, or nothing:
     * what only a programmer could make sense of becomes "the file is damaged".
     */
    public static String of(Throwable e) {
        if (e instanceof UncheckedIOException && e.getCause() != null) {
            return of(e.getCause());
        }
        if (e instanceof EOFException) {
            return "the file is truncated";
        }
        if (e instanceof CharacterCodingException) {
            return "it holds bytes that are no text in UTF-8";
        }
        String message = e.getMessage();
        if (message == null || isMistake(e)) {
            return DAMAGED;
        }
        if (e instanceof FileSystemException file && file.getReason() == null) {
            return about(file);
        }
        if (e instanceof ZipException && message.equals("Not in GZIP format")) {
            return "it isn't compressed by gzip";
        }
        if (e instanceof ZipException && message.matches("(invalid|incorrect) .*")) { // zlib's word
            return "its compressed bytes are damaged (" + message + ")";
        }
        String line = message.replaceAll(CLASS_NAME, "").replaceAll("\\s+", " ").strip();
        return line.isEmpty() || line.contains("Exception") ? DAMAGED : line;
    }

    /** Whether a parser stumbled, rather than refused. */
    private static boolean isMistake(Throwable e) {
        return e instanceof RuntimeException
                && !(e instanceof IllegalArgumentException)
                && !(e instanceof IllegalStateException)
                && e.getClass().getName().startsWith("java.");
    }

    /** The JDK's own file exceptions have the bare path as their message. */
    private static String about(FileSystemException e) {
        String message = String.valueOf(e.getMessage());
        if (message.contains(" ")) {
            return message;
        }
        if (e instanceof NoSuchFileException) {
            return "no such file or folder: " + message;
        }
        if (e instanceof FileAlreadyExistsException) {
            return "exists already: " + message;
        }
        return e instanceof AccessDeniedException ? "permission denied: " + message : message;
    }
}

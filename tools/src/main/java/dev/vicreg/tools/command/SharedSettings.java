package dev.vicreg.tools.command;

import dev.vicreg.runtime.natives.Device;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Setting.Group;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.data.source.Selection;
import java.nio.file.Path;

/** Options that several commands have. */
final class SharedSettings {
    /** What {@code --data} and its kin accept. */
    static final String DATA_ARGUMENT = "DIR|ARCHIVE|FILE";

    static final Setting<Path> MODEL =
            Setting.path("model", "FILE.onnx", Group.MODEL, "encoder as ./vicreg export writes it");
    static final Setting<String> DATA = Setting.text(
            "data",
            DATA_ARGUMENT,
            Group.DATA,
            "pictures: a folder, .tar, .tar.gz or .zip, CIFAR binary or IDX files; signals: the same of WAV files, or .npy of"
                    + " [N,C,T]; vectors: .csv with a header, .npy of [N,D]; sequences: .txt with a text a line, a folder or archive"
                    + " of .txt files, .ids with whole numbers in each line, .npy of int64 [N,T]. DIR/train and ARCHIVE!/train"
                    + " select a part",
            null);
    static final Setting<Integer> LIMIT = Setting.integer(
            "limit", "N", Group.DATA, "use at most so many samples; 0 for all", 0, 0, Integer.MAX_VALUE);
    static final Setting<Integer> LIMIT_PER_CLASS = Setting.integer(
            "limit-per-class",
            "N",
            Group.DATA,
            "use the first so many of each class; 0 for all",
            0,
            0,
            Integer.MAX_VALUE);
    static final Setting<Boolean> JSON = Setting.flag("json", Group.OUTPUT, "print one JSON object instead of text");
    static final Setting<Device> DEVICE = new Setting<>(
            "device", "auto|cpu|cuda[:N]", Group.MACHINE, "where to compute", "auto", SharedSettings::parseDevice);
    static final Setting<Integer> THREADS = Setting.integer(
            "threads", "N", Group.MACHINE, "threads of the computation; 0 for one a processor", 0, 0, 4096);

    private SharedSettings() {}

    static Selection selection(Settings settings) {
        return new Selection(settings.get(LIMIT), settings.get(LIMIT_PER_CLASS));
    }

    static Device parseDevice(String text) {
        try {
            return Device.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("must be auto, cpu, cuda or cuda:N, found \"" + text + "\"", e);
        }
    }
}
